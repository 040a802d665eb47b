import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startOtlpReceiver, type ReceivedSpan } from '../../support/otlp.ts';

export const READ = 'query Read($id: ID!) { packageJob(id: $id) { id status } }';
export const TRACE = '0af7651916cd43dd8448eb211c80319c';
export const PARENT = 'b7ad6b7169203331';
export const TRACEPARENT = { traceparent: `00-${TRACE}-${PARENT}-01` };

export interface Traced {
  readonly spans: readonly ReceivedSpan[];
  readonly text: string;
  readonly lines: readonly string[];
}

/** Runs something with a gateway that is traced, and gives what it told by its end. */
export async function traced(
  act: (gateway: TestGateway) => Promise<unknown>,
  env: Readonly<Record<string, string>> = {},
): Promise<Traced> {
  const receiver = await startOtlpReceiver();
  const lines: string[] = [];
  const gateway = await startGateway({
    env: { JIT: 'off', ANSWERS_MAX_MB: '0', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
    emulator: { seed: 'none' },
    onLogLine: (line) => lines.push(line),
  });
  await act(gateway);
  await gateway.close();
  await receiver.close();
  return { spans: receiver.spans, text: receiver.text(), lines };
}

/** The spans of one name. */
export function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] {
  return spans.filter((span) => span.name === name);
}

/** The names of a span and of all above it, up to what is not of the gateway. */
export function lineage(spans: readonly ReceivedSpan[], span: ReceivedSpan | undefined): string[] {
  if (span === undefined) return [];
  return [
    span.name,
    ...lineage(
      spans,
      spans.find(({ spanId }) => spanId === span.parentSpanId),
    ),
  ];
}

export const milliseconds = ({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan) =>
  Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
