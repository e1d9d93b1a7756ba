import { Match, Template } from 'aws-cdk-lib/assertions';
import { RemovalPolicy } from 'aws-cdk-lib';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionId, PLAN, resources, template } from './fixture.ts';

const made = template();

test('the table is as the store and the emulator have it', () => {
  made.resourceCountIs('AWS::DynamoDB::Table', 1);
  made.hasResourceProperties('AWS::DynamoDB::Table', {
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
    TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: true,
    GlobalSecondaryIndexes: [
      {
        IndexName: 'list',
        KeySchema: [
          { AttributeName: 'list', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  });
});

test('the table stays when the stack goes, unless it is to be thrown away', () => {
  made.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  const thrown = template({ removalPolicy: RemovalPolicy.DESTROY });
  thrown.hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Delete',
    Properties: { DeletionProtectionEnabled: false },
  });
});

test('each queue of work has dead letters of its own, and hides a message for as long as deliver may run', () => {
  const queues = resources(made, 'AWS::SQS::Queue');
  const work = queues.filter(([, queue]) => queue.Properties.RedrivePolicy);
  assert.equal(queues.length, 4);
  assert.equal(work.length, 2);
  const targets = work.map(([, { Properties: p }]) => {
    assert.ok([20, 1000].includes(p.RedrivePolicy.maxReceiveCount));
    assert.equal(p.VisibilityTimeout, 900);
    return p.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0] as string;
  });
  assert.equal(new Set(work.map(([, queue]) => queue.Properties.RedrivePolicy.maxReceiveCount)).size, 2);
  assert.equal(new Set(targets).size, 2);
  for (const target of targets) {
    assert.ok(queues.some(([id, queue]) => id === target && !queue.Properties.RedrivePolicy));
  }
});

test('relay gets what is owed, deliver gets messages, and each may fail in part', () => {
  const mappings = resources(made, 'AWS::Lambda::EventSourceMapping').map(([, mapping]) => mapping.Properties);
  assert.equal(mappings.length, 2);
  const of = (name: string) => mappings.find((p) => p.FunctionName.Ref === functionId(made, name));
  const [relay, deliver] = [of('relay'), of('deliver')];
  for (const mapping of [relay, deliver]) {
    assert.deepEqual(mapping.FunctionResponseTypes, ['ReportBatchItemFailures']);
  }
  assert.equal(relay.StartingPosition, 'TRIM_HORIZON');
  assert.equal(relay.BisectBatchOnFunctionError, true);
  const filter = JSON.parse(relay.FilterCriteria.Filters[0].Pattern);
  assert.deepEqual(filter, { dynamodb: { NewImage: { owed: { BOOL: [true] } } } });
  assert.equal(relay.FilterCriteria.Filters.length, 1);
  assert.equal(relay.MaximumRetryAttempts, undefined, 'a record is tried until it succeeds or expires');
  assert.equal(deliver.BatchSize, 10);
});

test('sweep is called each minute', () => {
  made.resourceCountIs('AWS::Scheduler::Schedule', 1);
  made.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(1 minute)',
    Target: { Arn: { 'Fn::GetAtt': [functionId(made, 'sweep'), 'Arn'] } },
  });
});

test('a limit of the file is reserved concurrency, and without one there is none', () => {
  const reserved = (from: Template, name: string) =>
    resources(from, 'AWS::Lambda::Function').find(([id]) => id === functionId(from, name))?.[1].Properties
      .ReservedConcurrentExecutions;
  assert.equal(reserved(made, 'callback'), 5);
  assert.equal(reserved(made, 'trigger'), undefined);
  assert.equal(reserved(template({ plan: { ...PLAN, max_concurrent: {} } }), 'callback'), undefined);
});

test('each function keeps its own log for a month', () => {
  const logs = resources(made, 'AWS::Logs::LogGroup').map(([, log]) => log.Properties);
  assert.equal(logs.length, 6);
  assert.ok(logs.every((log) => log.RetentionInDays === 30));
  for (const [, { Properties: p }] of resources(made, 'AWS::Lambda::Function')) {
    assert.ok(
      logs.some((log) => log.LogGroupName === `/aws/lambda/${p.FunctionName}`),
      p.FunctionName,
    );
  }
});

test('an invocation that succeeds leaves no line of Lambda, and all lines of the program are kept', () => {
  for (const [, { Properties: p }] of resources(made, 'AWS::Lambda::Function')) {
    const { LogGroup: group, ...logging } = p.LoggingConfig;
    assert.deepEqual(logging, { LogFormat: 'JSON', SystemLogLevel: 'WARN', ApplicationLogLevel: 'TRACE' });
    assert.ok(group);
  }
});

test('alarms watch what docs/operations.md explains, and can be left out', () => {
  made.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'ringback-iterator-age',
    Namespace: 'AWS/Lambda',
    MetricName: 'IteratorAge',
    Dimensions: [{ Name: 'FunctionName', Value: { Ref: functionId(made, 'relay') } }],
    Threshold: 60000,
  });
  made.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'ringback-sweep-stopped',
    TreatMissingData: 'breaching',
  });
  made.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'ringback-dead-letters-calls',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Threshold: 1,
    Dimensions: [
      { Name: 'QueueName', Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('CallsDeadLetters'), 'QueueName'] } },
    ],
  });
  made.resourceCountIs('AWS::CloudWatch::Alarm', 11);
  template({ functionAlarms: true }).resourceCountIs('AWS::CloudWatch::Alarm', 19);
  template({ alarms: false }).resourceCountIs('AWS::CloudWatch::Alarm', 0);
});
