/**
 * The host of an authority such as `Jobs.example.com.:443`, in the one form that hosts are compared in: lower case, without
 * port and final dot, IPv6 in brackets and shortened. It is `undefined` when the text is no authority. User information, a
 * port over 65535 and other characters than those of names and addresses make it none.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.2
 */
export function hostOf(authority: string): string | undefined {
  const [, name, address, port = ''] = AUTHORITY.exec(authority) ?? [];
  if (Number(port) > 65_535) return undefined;
  return address === undefined ? name?.toLowerCase() : URL.parse(`http://${address}`)?.hostname;
}

const AUTHORITY = /^(?:([\w-]+(?:\.[\w-]+)*)\.?|(\[[\da-f:.]+\]))(?::(\d{0,5}))?$/i;

/** A host without a port as a person writes it, in the form of {@link hostOf}. Its name can have letters of any language. */
export function readHost(text: string): string | undefined {
  const host = /^(?:[^\s:/\\?#@]+|\[[\da-f:.]+\])$/i.test(text)
    ? URL.parse(`http://${text}`)?.hostname
    : undefined;
  return host === undefined ? undefined : hostOf(host);
}
