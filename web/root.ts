/** Where the gateway is: the folder of its pages. A proxy can have a prefix before it, which only the address of this file tells. */
export const ROOT = import.meta.url.replace(/assets\/[^/]*$/, '');

/** The API. */
export const GRAPHQL_URL = `${ROOT}graphql`;
