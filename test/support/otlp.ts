import { serve } from './loopback.ts';

/** A span as OTLP sends it in JSON. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
}

/** Receives traces by OTLP over HTTP, as a collector does. */
export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** All that it was sent, as text. */
  readonly text: () => string;
  /** How many requests are under way. */
  readonly underWay: () => number;
  close(): Promise<void>;
}

interface SentValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

interface SentSpan extends Omit<ReceivedSpan, 'attributes' | 'links' | 'isError'> {
  readonly attributes?: readonly { readonly key: string; readonly value: SentValue }[];
  readonly links?: ReceivedSpan['links'];
  readonly status?: { readonly code?: number };
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

/** @param doesHang whether it never answers */
export async function startOtlpReceiver(doesHang = false): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  let all = '';
  let underWay = 0;
  const server = await serve((request, response) => {
    underWay += 1;
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      if (doesHang || request.url !== '/v1/traces') return;
      all += text;
      const { resourceSpans } = JSON.parse(text) as Sent;
      for (const { scopeSpans } of resourceSpans)
        for (const scope of scopeSpans) spans.push(...scope.spans.map(received));
      underWay -= 1;
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  return {
    url: `http://127.0.0.1:${String(server.port)}`,
    spans,
    text: () => all,
    underWay: () => underWay,
    close: () => server.close(),
  };
}

function received({ attributes = [], links = [], status, ...span }: SentSpan): ReceivedSpan {
  const values = attributes.map(({ key, value }) => {
    const { stringValue, intValue, doubleValue, boolValue } = value;
    return [
      key,
      stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue,
    ];
  });
  return { ...span, attributes: Object.fromEntries(values), links, isError: status?.code === 2 };
}
