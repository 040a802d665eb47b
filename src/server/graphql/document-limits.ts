import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import type { GatewayContext } from './context.ts';
import { checkDocument, checkText } from './limits.ts';
import { NO_DOCUMENT, setDocument } from './no-document.ts';
import { checkSubscriptionRoots } from './subscription-root.ts';

/**
 * Refuses documents over the limits before what they make expensive: a long text before it is parsed, the others before they
 * are validated. What makes validation throw is refused there too. A document that was validated once is not measured again.
 */
export const documentLimits: ApolloServerPlugin<GatewayContext> = {
  requestDidStart({ request }) {
    let refusal: GraphQLError | undefined;
    if (typeof request.query === 'string') refusal = checkText(request.query);
    if (refusal !== undefined) setDocument(request, NO_DOCUMENT.text);
    return Promise.resolve({
      validationDidStart(context) {
        refusal ??= checkDocument(context.document) ?? checkSubscriptionRoots(context.document);
        // oxlint-disable-next-line no-unsafe-type-assertion -- Apollo Server goes on with what stands there
        if (refusal !== undefined) (context as { document: unknown }).document = NO_DOCUMENT.document;
        return Promise.resolve();
      },
      // This is the first hook whose errors are sent to the client. Those of earlier hooks count as unexpected.
      didResolveOperation: () => (refusal === undefined ? Promise.resolve() : Promise.reject(refusal)),
    });
  },
};
