import { describeAccount } from './support/account-histories.ts';

describeAccount(12);
