import { describeTruth } from './support/suite.ts';

describeTruth(120);
