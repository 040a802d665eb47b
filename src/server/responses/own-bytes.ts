/** A copy with memory of its own. Small buffers share a larger one, and each of them keeps all of it in memory. */
export function ownBytes(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
