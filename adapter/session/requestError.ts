/** A request that cannot be done, in one sentence for the person. Becomes an ErrorResponse; the session lives on. */
export class RequestError extends Error {}
