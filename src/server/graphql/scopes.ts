import { GraphQLError, OperationTypeNode, type OperationDefinitionNode } from 'graphql';
import { HeaderMap } from '@apollo/server';
import { ForbiddenError } from '../../jobs/errors.ts';
import { SCOPES } from '../auth/principal.ts';
import type { Client } from '../client.ts';

/**
 * Refuses an operation as a whole when the token of its client lacks the scope for it. Its fields would be refused one by one
 * otherwise. An operation that reads no job needs no scope.
 *
 * @param reads how many reads of ICE it can cause
 * @throws {GraphQLError} FORBIDDEN
 */
export function checkScope(
  { operation }: OperationDefinitionNode,
  reads: number,
  { principal }: Client,
): void {
  const isReading = reads > 0 || operation === OperationTypeNode.SUBSCRIPTION;
  if (principal === undefined || !isReading) return;
  const { canRead, canSubmit, jobIds, problem } = principal.view;
  if (problem !== undefined) throw forbidden(problem);
  if (operation === OperationTypeNode.MUTATION) {
    if (!canSubmit) throw lacks(SCOPES.submit, 'Submitting jobs');
    // It could not see what it has submitted.
    if (jobIds !== undefined) throw forbidden('A token for given jobs submits none');
  } else if (!canRead) throw lacks(SCOPES.read, 'Reading jobs');
}

function lacks(scope: string, what: string): GraphQLError {
  return forbidden(`${what} needs a token with the scope ${scope}`, `, scope="${scope}"`);
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1 */
function forbidden(message: string, scope = ''): GraphQLError {
  const challenge = `Bearer realm="package-job-gateway", error="insufficient_scope", error_description="${message}"`;
  const headers = new HeaderMap([['www-authenticate', `${challenge}${scope}`]]);
  return new GraphQLError(message, {
    originalError: new ForbiddenError(message),
    extensions: { http: { status: 403, headers } },
  });
}
