import { describeCluster } from './support/describe-cluster.ts';

describeCluster(15);
