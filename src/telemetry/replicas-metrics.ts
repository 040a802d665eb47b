import type { ReplicasEmitter } from '../replicas/events.ts';
import { COMMAND_SECONDS } from './buckets.ts';
import { PlainCounter, PlainHistogram } from './plain-metrics.ts';
import type { Register } from './registry.ts';

/** Registers the metrics of replicas. */
export type ReplicasMetrics = (register: Register) => void;

/**
 * Whether this replica shares with others, with how many, and what Redis takes. It counts from now on, and a replica joins the
 * others when it starts, so it has to be called ahead of that.
 */
export function countReplicas(replicas: ReplicasEmitter): ReplicasMetrics {
  const left = new PlainCounter({
    name: 'pjg_redis_left_total',
    help: 'How often this replica went on alone, by why.',
    labels: ['reason'],
  });
  const failures = new PlainCounter({
    name: 'pjg_redis_join_failures_total',
    help: 'Tries to join the other replicas that failed, by why.',
    labels: ['reason'],
  });
  const commands = new PlainHistogram(
    {
      name: 'pjg_redis_command_duration_seconds',
      help: 'Duration of commands of Redis, by what came of them: ok, late (no answer within the deadline) or error.',
      labels: ['command', 'outcome'],
    },
    COMMAND_SECONDS,
  );
  let [isJoined, count] = [0, 1];
  replicas.on('joined', () => (isJoined = 1));
  replicas.on('left', (_membership, { reason }) => {
    isJoined = 0;
    left.series(reason).value += 1;
  });
  replicas.on('joinFailed', (reason) => (failures.series(reason).value += 1));
  replicas.on('replicasChanged', (replicas) => (count = replicas));
  replicas.on('commandEnd', (name, durationMs, outcome) =>
    commands.series(name, outcome).observe(durationMs / 1000),
  );
  return (register) => {
    for (const metric of [left, failures, commands]) register.add(metric);
    register.gauge(
      { name: 'pjg_redis_joined', help: '1 while this replica shares with the others, 0 while it is alone.' },
      () => [[isJoined]],
    );
    register.gauge(
      { name: 'pjg_redis_replicas', help: 'Live replicas, this one counted, as last known.' },
      () => [[count]],
    );
  };
}
