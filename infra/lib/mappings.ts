/**
 * Who calls the functions that no request calls: the table's stream, the queue, and the clock.
 */
import { Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, FilterCriteria, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import type { Queues } from './queues.ts';

export interface MappingProps {
  /** Batches of one shard of the stream that are relayed at once, 1 to 10. */
  readonly relayParallelism: number;
  /** Batches of messages that are handled at once, at least 2; as many as the account has where absent. */
  readonly deliverConcurrency?: number | undefined;
}

export function mappings(
  scope: Construct,
  functions: Functions,
  table: Table,
  queues: Queues,
  props: MappingProps,
): { relay: EventSourceMapping; deliver: EventSourceMapping } {
  const streamArn = table.tableStreamArn;
  if (!streamArn) {
    throw new Error('the table has no stream');
  }
  const relay = new EventSourceMapping(scope, 'RelayMapping', {
    target: functions.relay,
    eventSourceArn: streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 100,
    parallelizationFactor: props.relayParallelism,
    reportBatchItemFailures: true,
    // Where an invocation dies, the half without the record that it died of is not tried again with it.
    bisectBatchOnError: true,
    // An item that owes work says so; the others cost no invocation.
    filters: [FilterCriteria.filter({ dynamodb: { NewImage: { owed: { BOOL: [true] } } } })],
  });
  const deliver = new EventSourceMapping(scope, 'DeliverMapping', {
    target: functions.deliver,
    eventSourceArn: queues.calls.queue.queueArn,
    batchSize: 10,
    reportBatchItemFailures: true,
    ...(props.deliverConcurrency === undefined ? {} : { maxConcurrency: props.deliverConcurrency }),
  });
  // A mapping is refused while its function may not read its source.
  relay.node.addDependency(functions.relay.role!);
  deliver.node.addDependency(functions.deliver.role!);
  return { relay, deliver };
}

/** Each minute. */
export function schedule(scope: Construct, functions: Functions): void {
  const sweep = functions.sweep;
  const role = new Role(scope, 'ScheduleRole', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  });
  role.addToPolicy(
    new PolicyStatement({ effect: Effect.ALLOW, actions: ['lambda:InvokeFunction'], resources: [sweep.functionArn] }),
  );
  const made = new CfnSchedule(scope, 'Schedule', {
    scheduleExpression: 'rate(1 minute)',
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: sweep.functionArn,
      roleArn: role.roleArn,
      input: '{}',
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
    },
  });
  made.node.addDependency(role);
}
