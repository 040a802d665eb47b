/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "query Jobs($first: Int!, $after: String, $filter: PackageJobFilter, $orderBy: PackageJobOrder) {\n  packageJobs(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {\n    edges {\n      cursor\n      node {\n        ...JobSummary\n      }\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nquery Job($id: ID!) {\n  packageJob(id: $id) {\n    ...JobDetails\n  }\n}\n\nquery JobsById($ids: [ID!]!) {\n  packageJobsById(ids: $ids) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJobs($filter: PackageJobFilter) {\n  packageJobsUpdated(filter: $filter) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJob($id: ID!) {\n  packageJobUpdated(ids: [$id]) {\n    ...JobDetails\n  }\n}\n\nquery CurrentViewer {\n  viewer {\n    canSubmit\n    upstream\n  }\n}\n\nmutation SubmitJob($input: SubmitPackageJobInput!) {\n  submitPackageJob(input: $input) {\n    packageJob {\n      ...JobDetails\n    }\n  }\n}\n\nfragment JobSummary on PackageJob {\n  id\n  name\n  status\n  statusRaw\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n  inputs {\n    ...Media\n  }\n  output {\n    ...Media\n  }\n}\n\nfragment JobDetails on PackageJob {\n  ...JobSummary\n  outputUrl\n  triggerSource\n  pipelineId\n  priority\n  userData\n  observedAt\n}\n\nfragment Media on MediaObject {\n  type\n  media\n  fileName\n}": typeof types.JobsDocument,
    "query JobTimes($first: Int!, $after: String, $filter: PackageJobFilter) {\n  packageJobs(first: $first, after: $after, filter: $filter) {\n    nodes {\n      ...JobTimes\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nfragment JobTimes on PackageJob {\n  id\n  status\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n}": typeof types.JobTimesDocument,
};
const documents: Documents = {
    "query Jobs($first: Int!, $after: String, $filter: PackageJobFilter, $orderBy: PackageJobOrder) {\n  packageJobs(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {\n    edges {\n      cursor\n      node {\n        ...JobSummary\n      }\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nquery Job($id: ID!) {\n  packageJob(id: $id) {\n    ...JobDetails\n  }\n}\n\nquery JobsById($ids: [ID!]!) {\n  packageJobsById(ids: $ids) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJobs($filter: PackageJobFilter) {\n  packageJobsUpdated(filter: $filter) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJob($id: ID!) {\n  packageJobUpdated(ids: [$id]) {\n    ...JobDetails\n  }\n}\n\nquery CurrentViewer {\n  viewer {\n    canSubmit\n    upstream\n  }\n}\n\nmutation SubmitJob($input: SubmitPackageJobInput!) {\n  submitPackageJob(input: $input) {\n    packageJob {\n      ...JobDetails\n    }\n  }\n}\n\nfragment JobSummary on PackageJob {\n  id\n  name\n  status\n  statusRaw\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n  inputs {\n    ...Media\n  }\n  output {\n    ...Media\n  }\n}\n\nfragment JobDetails on PackageJob {\n  ...JobSummary\n  outputUrl\n  triggerSource\n  pipelineId\n  priority\n  userData\n  observedAt\n}\n\nfragment Media on MediaObject {\n  type\n  media\n  fileName\n}": types.JobsDocument,
    "query JobTimes($first: Int!, $after: String, $filter: PackageJobFilter) {\n  packageJobs(first: $first, after: $after, filter: $filter) {\n    nodes {\n      ...JobTimes\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nfragment JobTimes on PackageJob {\n  id\n  status\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n}": types.JobTimesDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Jobs($first: Int!, $after: String, $filter: PackageJobFilter, $orderBy: PackageJobOrder) {\n  packageJobs(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {\n    edges {\n      cursor\n      node {\n        ...JobSummary\n      }\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nquery Job($id: ID!) {\n  packageJob(id: $id) {\n    ...JobDetails\n  }\n}\n\nquery JobsById($ids: [ID!]!) {\n  packageJobsById(ids: $ids) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJobs($filter: PackageJobFilter) {\n  packageJobsUpdated(filter: $filter) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJob($id: ID!) {\n  packageJobUpdated(ids: [$id]) {\n    ...JobDetails\n  }\n}\n\nquery CurrentViewer {\n  viewer {\n    canSubmit\n    upstream\n  }\n}\n\nmutation SubmitJob($input: SubmitPackageJobInput!) {\n  submitPackageJob(input: $input) {\n    packageJob {\n      ...JobDetails\n    }\n  }\n}\n\nfragment JobSummary on PackageJob {\n  id\n  name\n  status\n  statusRaw\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n  inputs {\n    ...Media\n  }\n  output {\n    ...Media\n  }\n}\n\nfragment JobDetails on PackageJob {\n  ...JobSummary\n  outputUrl\n  triggerSource\n  pipelineId\n  priority\n  userData\n  observedAt\n}\n\nfragment Media on MediaObject {\n  type\n  media\n  fileName\n}"): (typeof documents)["query Jobs($first: Int!, $after: String, $filter: PackageJobFilter, $orderBy: PackageJobOrder) {\n  packageJobs(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {\n    edges {\n      cursor\n      node {\n        ...JobSummary\n      }\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nquery Job($id: ID!) {\n  packageJob(id: $id) {\n    ...JobDetails\n  }\n}\n\nquery JobsById($ids: [ID!]!) {\n  packageJobsById(ids: $ids) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJobs($filter: PackageJobFilter) {\n  packageJobsUpdated(filter: $filter) {\n    ...JobSummary\n  }\n}\n\nsubscription WatchJob($id: ID!) {\n  packageJobUpdated(ids: [$id]) {\n    ...JobDetails\n  }\n}\n\nquery CurrentViewer {\n  viewer {\n    canSubmit\n    upstream\n  }\n}\n\nmutation SubmitJob($input: SubmitPackageJobInput!) {\n  submitPackageJob(input: $input) {\n    packageJob {\n      ...JobDetails\n    }\n  }\n}\n\nfragment JobSummary on PackageJob {\n  id\n  name\n  status\n  statusRaw\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n  inputs {\n    ...Media\n  }\n  output {\n    ...Media\n  }\n}\n\nfragment JobDetails on PackageJob {\n  ...JobSummary\n  outputUrl\n  triggerSource\n  pipelineId\n  priority\n  userData\n  observedAt\n}\n\nfragment Media on MediaObject {\n  type\n  media\n  fileName\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query JobTimes($first: Int!, $after: String, $filter: PackageJobFilter) {\n  packageJobs(first: $first, after: $after, filter: $filter) {\n    nodes {\n      ...JobTimes\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nfragment JobTimes on PackageJob {\n  id\n  status\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n}"): (typeof documents)["query JobTimes($first: Int!, $after: String, $filter: PackageJobFilter) {\n  packageJobs(first: $first, after: $after, filter: $filter) {\n    nodes {\n      ...JobTimes\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n\nfragment JobTimes on PackageJob {\n  id\n  status\n  isFinished\n  code\n  message\n  createTime\n  submitTime\n  finishTime\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;