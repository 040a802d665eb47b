import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/command.ts';
import { HELM, parseYaml, runProgram, TOOLS_MODULES, type Finished } from '../support/deploy-tools.ts';
import { makeFolder } from '../support/folder.ts';

export const CHART = join(ROOT, 'deploy/helm/package-job-gateway');

/** The sets of values that come with the chart, by name. */
export const VALUE_SETS = readdirSync(join(CHART, 'ci')).map((file) => file.replace('.yaml', ''));

export type Labels = Readonly<Record<string, string>>;

/** What a container of a pod has, as far as tests ask. */
export interface PodContainer {
  readonly image: string;
  readonly securityContext: object;
  readonly ports: readonly { readonly name: string }[];
  readonly env: readonly object[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
}

export interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [PodContainer];
  readonly volumes: readonly { readonly configMap: { readonly name: string } }[];
}

/** The specifications of the kinds that tests look into. */
interface Specs {
  readonly Deployment: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: {
      readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
      readonly spec: PodSpec;
    };
  };
  readonly Pod: PodSpec;
  readonly Service: { readonly selector: Labels; readonly ports: readonly { readonly targetPort: string }[] };
  readonly PodDisruptionBudget: { readonly selector: { readonly matchLabels: Labels } };
  readonly HorizontalPodAutoscaler: { readonly scaleTargetRef: { readonly name: string } };
  readonly NetworkPolicy: {
    readonly podSelector: { readonly matchLabels: Labels };
    readonly policyTypes: readonly string[];
    readonly ingress: readonly {
      readonly from?: readonly { readonly podSelector?: { readonly matchLabels: Labels } }[];
    }[];
    readonly egress: readonly { readonly ports: readonly { readonly port: number }[] }[];
  };
  readonly ServiceMonitor: { readonly selector: { readonly matchLabels: Labels } };
  readonly PrometheusRule: object;
  readonly ConfigMap: undefined;
}

/** What every object of Kubernetes has. */
export interface Manifest<Kind extends string = string> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: { readonly name: string; readonly labels?: Labels; readonly annotations?: Labels };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: Kind extends keyof Specs ? Specs[Kind] : unknown;
}

/** Renders the chart with a set of values, and with others on the command line. */
export function template(set: string, ...settings: readonly string[]): Promise<Finished> {
  const key = [set, ...settings].join('\n');
  const known = rendered.get(key) ?? runTemplate(set, settings);
  rendered.set(key, known);
  return known;
}

const rendered = new Map<string, Promise<Finished>>();

function runTemplate(set: string, settings: readonly string[]): Promise<Finished> {
  const values = ['--values', join(CHART, 'ci', `${set}.yaml`)];
  const more = settings.flatMap((setting) => ['--set-json', setting]);
  const place = ['--namespace', 'jobs', '--kube-version', '1.35.0'];
  return runProgram(HELM.path, ['template', 'live', CHART, ...place, ...values, ...more]);
}

/** The objects that the chart makes of values. @throws {Error} with what Helm says, when it refuses them */
export async function render(set: string, ...settings: readonly string[]): Promise<Manifest[]> {
  const { code, stdout, stderr } = await template(set, ...settings);
  if (code !== 0) throw new Error(stderr);
  return parseYaml(stdout) as Manifest[];
}

/** The objects of a kind. */
export function all<Kind extends keyof Specs>(manifests: readonly Manifest[], kind: Kind): Manifest<Kind>[] {
  return manifests.filter((manifest): manifest is Manifest<Kind> => manifest.kind === kind);
}

/** The only object of a kind, with this end of its name. */
export function find<Kind extends keyof Specs>(
  manifests: readonly Manifest[],
  kind: Kind,
  end = '',
): Manifest<Kind> {
  const found = all(manifests, kind).filter(({ metadata }) => metadata.name.endsWith(end));
  if (found[0] === undefined || found.length > 1) throw new Error(`${String(found.length)} of ${kind}`);
  return found[0];
}

/** The models of a version of an API. The Prometheus operator's are a package of their own. */
const modulesOf = (apiVersion: string) =>
  apiVersion.startsWith('monitoring.coreos.com/')
    ? `@kubernetes-models/prometheus-operator/${apiVersion}`
    : `kubernetes-models/${apiVersion}`;

/** What is wrong with values of members by the models of Kubernetes: patterns, ranges, members that are missing. */
export async function problemsOf({ apiVersion, kind, ...data }: Manifest): Promise<string[]> {
  const path = join(TOOLS_MODULES, modulesOf(apiVersion), 'index.js');
  const models = (await import(/* @vite-ignore */ path)) as Record<
    string,
    new (data: unknown) => { validate(): void }
  >;
  const Model = models[kind];
  if (Model === undefined) return [`${apiVersion} has no ${kind}`];
  try {
    new Model(data).validate();
    return [];
  } catch (error) {
    return [`${kind} ${data.metadata.name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/**
 * What is wrong by the types of the models: names of members that there are not, which an API server drops without a word.
 * TypeScript reports them in object literals.
 */
export async function unknownMembers(manifests: readonly Manifest[]): Promise<string> {
  const lines = manifests.map(({ apiVersion, kind, ...data }, index) => {
    const name = `Model${String(index)}`;
    return `import { ${kind} as ${name} } from '${modulesOf(apiVersion)}';\nnew ${name}(${JSON.stringify(data)});`;
  });
  const options = { module: 'nodenext', noEmit: true, strict: true, skipLibCheck: true, types: [] };
  const folder = makeFolder({
    'package.json': '{ "type": "module" }',
    'manifests.ts': lines.join('\n'),
    'tsconfig.json': JSON.stringify({ compilerOptions: options, files: ['manifests.ts'] }),
  });
  symlinkSync(TOOLS_MODULES, join(folder, 'node_modules'));
  const { stdout } = await runProgram(join(ROOT, 'node_modules/.bin/tsc'), ['--project', folder]);
  return stdout;
}
