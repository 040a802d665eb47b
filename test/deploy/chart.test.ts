import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { HELM, parseYaml, runProgram } from '../support/deploy-tools.ts';
import { makeFolder } from '../support/folder.ts';
import {
  all,
  CHART,
  find,
  problemsOf,
  render,
  template,
  unknownMembers,
  VALUE_SETS,
  type Labels,
  type Manifest,
} from './manifests.ts';
import { read } from './support.ts';

/** What the Secret of each set of values has. */
const SECRET = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'example-access-key',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'not-a-real-secret',
};

/** What the image sets. */
const IMAGE = Object.fromEntries(
  [...read('deploy/Dockerfile').matchAll(/^(?:ENV|\s+) ?([A-Z_]+)=([^\s\\]+)/gm)].map(([, name, value]) => [
    name,
    value,
  ]),
) as Record<string, string>;

const selects = (selector: Labels, labels: Labels) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

/** The configuration that the gateway reads in a pod. */
function configOf(manifests: readonly Manifest[]) {
  const { data } = find(manifests, 'ConfigMap', find(manifests, 'Deployment').metadata.name);
  return readConfig({ ...IMAGE, ...data, ...SECRET });
}

/** What a pod knows of its configuration. */
const checksum = async (...settings: string[]) =>
  find(await render('minimal', ...settings), 'Deployment').spec.template.metadata.annotations[
    'checksum/config'
  ];

describe.skipIf(HELM.skip)(`the chart, rendered by ${HELM.label}`, () => {
  it('has six sets of values', () => {
    expect(VALUE_SETS.toSorted()).toEqual([
      'everything',
      'jwt',
      'minimal',
      'monitoring',
      'production',
      'redis',
    ]);
  });

  it.for(VALUE_SETS)('is accepted by lint and by the models of Kubernetes: %s', async (set) => {
    const lint = await runProgram(HELM.path, [
      'lint',
      '--strict',
      CHART,
      '--values',
      join(CHART, 'ci', `${set}.yaml`),
    ]);
    expect([lint.code, lint.stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
    const manifests = await render(set);
    expect((await Promise.all(manifests.map(problemsOf))).flat()).toEqual([]);
  });

  it('has no member that Kubernetes does not know', async () => {
    const manifests = (await Promise.all(VALUE_SETS.map((set) => render(set)))).flat();
    expect(await unknownMembers(manifests)).toBe('');
    // What the two checks can find.
    const { spec, ...deployment } = find(await render('minimal'), 'Deployment');
    expect(await unknownMembers([{ ...deployment, spec: { ...spec, replica: 3 } }])).toContain('"replica"');
    expect(await problemsOf({ ...deployment, spec: { ...spec, selector: undefined } })).toEqual([
      expect.stringContaining('selector'),
    ]);
  });

  it.for(VALUE_SETS)('gives the gateway variables that it accepts, and time to stop: %s', async (set) => {
    const manifests = await render(set);
    const config = configOf(manifests);
    expect(config).toMatchObject({ production: true, host: '0.0.0.0', port: 4000 });
    const { template: pod } = find(manifests, 'Deployment').spec;
    const { lifecycle } = pod.spec.containers[0];
    const longestMs = config.operationTimeoutMs + config.attemptTimeoutMs;
    // After this the process ends by itself: see src/main.ts.
    const neededS = lifecycle.preStop.sleep.seconds + (longestMs + 5000) / 1000;
    expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(neededS);
  });

  it.for(VALUE_SETS)('lets pods do nothing that they need not: %s', async (set) => {
    const manifests = await render(set);
    const pods = [find(manifests, 'Deployment').spec.template.spec, find(manifests, 'Pod').spec];
    for (const { securityContext, containers, automountServiceAccountToken } of pods) {
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65_532,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of containers)
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });

  it.for(VALUE_SETS)('has selectors that find the gateway, and not the pod of its test: %s', async (set) => {
    const manifests = await render(set);
    const deployment = find(manifests, 'Deployment').spec;
    const { labels } = deployment.template.metadata;
    const selectors: Labels[] = [
      deployment.selector.matchLabels,
      ...all(manifests, 'Service').map(({ spec }) => spec.selector),
      find(manifests, 'PodDisruptionBudget').spec.selector.matchLabels,
      find(manifests, 'NetworkPolicy').spec.podSelector.matchLabels,
    ];
    const tested = find(manifests, 'Pod').metadata.labels ?? {};
    expect(selectors.map((selector) => [selects(selector, labels), selects(selector, tested)])).toEqual(
      selectors.map(() => [true, false]),
    );
    const ports = deployment.template.spec.containers[0].ports.map(({ name }) => name);
    const targets = all(manifests, 'Service').flatMap(({ spec }) =>
      spec.ports.map(({ targetPort }) => targetPort),
    );
    expect(targets.toSorted()).toEqual(ports.toSorted());
  });

  it('takes the values of the guide', async () => {
    const [, values = ''] = /^```yaml\n(# values\.yaml\n.*?)^```/ms.exec(read('docs/operate.md')) ?? [];
    const file = join(makeFolder({ 'values.yaml': values }), 'values.yaml');
    const { code, stdout, stderr } = await runProgram(HELM.path, [
      'template',
      'gateway',
      CHART,
      '--values',
      file,
    ]);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    expect(configOf(parseYaml(stdout) as Manifest[])).toMatchObject({
      allowedHosts: ['jobs.example.com'],
      trustedProxies: 1,
    });
  });

  it('has the version of the package', async () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const [chart] = parseYaml(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'));
    expect(chart).toMatchObject({ version, appVersion: version });
    const [{ image }] = find(await render('minimal'), 'Deployment').spec.template.spec.containers;
    expect(image).toBe(`package-job-gateway:${version}`);
  });

  it('restarts pods for another configuration, and for nothing else', async () => {
    const before = await checksum();
    expect(await checksum('replicaCount=5')).toBe(before);
    expect(await checksum('config.POLL_MIN_MS=2000')).not.toBe(before);
  });

  it('leaves the number of replicas to the autoscaler where there is one', async () => {
    expect(find(await render('minimal'), 'Deployment').spec.replicas).toBe(2);
    const production = await render('production');
    const { spec, metadata } = find(production, 'Deployment');
    expect(spec).not.toHaveProperty('replicas');
    expect(find(production, 'HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe(metadata.name);
  });

  it.for([
    { set: 'minimal', ports: [53, 53, 443] },
    { set: 'redis', ports: [53, 53, 443, 6379] },
    { set: 'jwt', ports: [53, 53, 443, 8443] },
    { set: 'monitoring', ports: [53, 53, 443, 4318] },
    { set: 'everything', ports: [53, 53, 443, 3128, 6380, 80, 8125] },
  ])(
    'lets the gateway reach what its configuration names, and nothing else: $set',
    async ({ set, ports }) => {
      const { egress, policyTypes } = find(await render(set), 'NetworkPolicy').spec;
      expect(policyTypes).toEqual(['Ingress', 'Egress']);
      const open = egress.flatMap((rule) => rule.ports.map(({ port }) => port));
      expect(open).toEqual(ports);
    },
  );

  it('lets the pod of its test ask, where clients are named', async () => {
    const manifests = await render('everything');
    const { from = [] } = find(manifests, 'NetworkPolicy').spec.ingress[0] ?? {};
    const tested = find(manifests, 'Pod').metadata.labels ?? {};
    expect(from.some(({ podSelector }) => podSelector && selects(podSelector.matchLabels, tested))).toBe(
      true,
    );
    expect(find(await render('minimal'), 'NetworkPolicy').spec.ingress[0]).not.toHaveProperty('from');
  });

  it('writes whole numbers as they are, not as 1e+06', async () => {
    expect(configOf(await render('production'))).toMatchObject({ maxJobs: 1_000_000, callsPerSecond: 8 });
  });

  it('takes the URL of Redis, and a manifest, from where the cluster has them', async () => {
    const { containers, volumes } = find(await render('everything'), 'Deployment').spec.template.spec;
    expect(containers[0].env[0]).toEqual({
      name: 'REDIS_URL',
      valueFrom: { secretKeyRef: { name: 'redis-url', key: 'url' } },
    });
    expect(volumes[0]?.configMap.name).toBe('app-operations');
    expect(containers[0].volumeMounts[0]?.mountPath).toBe('/etc/package-job-gateway');
  });

  it('has the alerts, with the address of the runbook, and the dashboard, where they are wanted', async () => {
    const manifests = await render('monitoring');
    const [file] = parseYaml(
      read('deploy/prometheus/alerts.yml').replaceAll(
        /(?:\{\{ \$externalLabels\.runbooks \}\})?docs\/runbook\.md/g,
        'https://git.example.com/package-job-gateway/blob/main/docs/runbook.md',
      ),
    );
    expect(find(manifests, 'PrometheusRule').spec).toEqual(file);
    const { data, metadata } = find(manifests, 'ConfigMap', '-dashboard');
    expect(JSON.parse(data?.['package-job-gateway.json'] ?? '')).toEqual(
      JSON.parse(read('deploy/grafana/package-job-gateway.json')),
    );
    expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    const { selector } = find(manifests, 'ServiceMonitor').spec;
    expect(selects(selector.matchLabels, find(manifests, 'Service', '-metrics').metadata.labels ?? {})).toBe(
      true,
    );
    const kinds = (await render('minimal')).map(({ kind }) => kind);
    expect(kinds).not.toContain('ServiceMonitor');
    expect(kinds).not.toContain('PrometheusRule');
  });
});

describe.skipIf(HELM.skip)(`a wrong value, to ${HELM.label}`, () => {
  it.for([
    ['config.JOB_MAX_AGE=1000', 'JOB_MAX_AGE'],
    ['config.ICE_TIMEOUT_MS=5', 'ICE_TIMEOUT_MS'],
    ['config.ICE_REGION="eu-central-1"', 'ICE_REGION'],
    ['config.JIT=true', 'JIT'],
    ['config.PORT=80', 'PORT'],
    ['config.AUTH=null', 'AUTH'],
    ['config.AUTH="jwt"', 'JWT_ISSUER'],
    ['config.JWT_ALGORITHMS="HS256"', 'JWT_ALGORITHMS'],
    ['config.ALLOWED_HOSTS=null', 'ALLOWED_HOSTS'],
    ['config.ALIBABA_CLOUD_ACCESS_KEY_SECRET="not-a-real-secret"', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
    ['config.HTTPS_PROXY="http://user:password@proxy.example.com"', 'HTTPS_PROXY'],
    ['config.REDIS_URL="redis://redis"', 'REDIS_URL'],
    ['redis.enabled=true', 'redis/existingSecret'],
    ['ingress.enabled=true', 'ingress/host'],
    ['image.digest="latest"', 'image/digest'],
    ['replicas=3', 'replicas'],
    ['networkPolicy.enabled="yes"', 'networkPolicy/enabled'],
    ['monitoring.rules.enable=true', 'enable'],
  ] as const)('%s is refused by its name', async ([setting, name]) => {
    const { code, stderr } = await template('minimal', setting);
    expect(code).not.toBe(0);
    expect(stderr.replaceAll('.', '/')).toContain(name);
    expect(stderr).not.toContain('password@');
  });

  it('is refused where nothing was said at all', async () => {
    const { code, stderr } = await runProgram(HELM.path, ['template', 'live', CHART]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('AUTH');
    expect(stderr).toContain('ALLOWED_HOSTS');
  });
});
