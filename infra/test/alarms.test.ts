/** The alarms whose number is made of several, who is told, and what they cost. */
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NAMES } from '../lib/functions.ts';
import { Ringback } from '../lib/ringback.ts';
import { binaries, config, folder, functionId, node, resources, template } from './fixture.ts';

const made = template();

interface Part {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Stat: string;
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: { readonly Value: unknown }[];
    };
  };
}

function alarm(name: string): { Threshold: number; EvaluationPeriods: number; Metrics: Part[] } {
  const all = resources(made, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  return all.find((one) => one.AlarmName === `ringback-${name}`);
}

/** The metric and the function of each part, and the expression over them. */
function sumOf(name: string): { expression: string | undefined; metrics: [unknown, unknown][] } {
  const parts = alarm(name).Metrics;
  const stats = parts.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat] : []));
  assert.ok(stats.every(({ Stat }) => Stat === 'Sum'));
  const metrics = stats.map(({ Metric }): [unknown, unknown] => [Metric.MetricName, Metric.Dimensions[0]?.Value]);
  return { expression: parts.find(({ Expression }) => Expression)?.Expression, metrics };
}

test('one alarm is for the throttles of all functions, whoever of them did not run', () => {
  const { expression, metrics } = sumOf('throttles');
  assert.deepEqual(
    metrics,
    NAMES.map((name) => ['Throttles', { Ref: functionId(made, name) }]),
  );
  assert.equal(expression, `SUM([${NAMES.map((name) => `FILL(${name}, 0)`).join(', ')}])`);
  assert.equal(alarm('throttles').Threshold, 1);
});

test('one alarm is for relay and deliver that fail', () => {
  const { expression, metrics } = sumOf('errors');
  assert.deepEqual(
    metrics,
    ['relay', 'deliver'].map((name) => ['Errors', { Ref: functionId(made, name) }]),
  );
  assert.equal(expression, 'SUM([FILL(relay, 0), FILL(deliver, 0)])');
});

test('a program that runs for long is not one that waits', () => {
  const { Metrics: parts, Threshold: threshold } = alarm('oldest-message-programs');
  assert.equal(threshold, 900);
  assert.equal(parts.find(({ Expression }) => Expression)?.Expression, 'IF(waiting > 0, age, 0)');
  const queues = Object.fromEntries(
    parts.flatMap(({ Id, MetricStat: of }) => (of ? [[Id, [of.Metric.MetricName, of.Stat]]] : [])),
  );
  assert.deepEqual(queues, {
    waiting: ['ApproximateNumberOfMessagesVisible', 'Minimum'],
    age: ['ApproximateAgeOfOldestMessage', 'Maximum'],
  });
  const text = JSON.stringify(parts);
  assert.ok(text.includes('Programs') && !text.includes('Calls') && !text.includes('DeadLetters'));
});

test('dead letters say after how many tries they are such', () => {
  const says = (name: string, words: string) =>
    made.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: `ringback-dead-letters-${name}`,
      AlarmDescription: Match.stringLikeRegexp(words),
    });
  says('calls', 'deliver .* 5 times');
  says('programs', 'workers .* 1000 times');
});

test('the docs say what the metrics of all alarms cost', () => {
  const alarms = resources(made, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  const metrics = alarms.flatMap(
    (one) => (one.Metrics as Part[] | undefined)?.filter((part) => part.MetricStat) ?? [one],
  );
  // $0.10 each but for the first ten (https://aws.amazon.com/cloudwatch/pricing/).
  const dollars = ((metrics.length - 10) * 0.1).toFixed(2);
  const docs = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8').replaceAll(/\s+/g, ' ');
  assert.ok(docs.includes(`${alarms.length} alarms, which hold ${metrics.length} metrics: $${dollars} a month`));
});

test('each alarm tells the topic, also that it is over', () => {
  const app = new App({ outdir: folder() });
  const stack = new Stack(app, 'Told');
  const alarmTopic = new Topic(stack, 'Topic');
  new Ringback(stack, 'Ringback', { configPath: config(), binaries: binaries(), alarmTopic });
  const told = resources(Template.fromStack(stack), 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  assert.equal(told.length, 12);
  for (const one of told) {
    assert.equal(one.AlarmActions.length, 1);
    assert.deepEqual(one.OKActions, one.AlarmActions);
  }
});

test('the app takes the topic as a setting, and nothing else for one', async () => {
  const app = async (alarmTopic: string) => {
    const out = folder();
    const context = { config: config(), binaries: binaries(), alarmTopic, checkParameters: 'false' };
    const { code, said } = await node(['--import', 'tsx', 'bin/ringback.ts'], {
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CDK_OUTDIR: out,
    });
    return { code, said, template: () => readFileSync(join(out, 'ringback.template.json'), 'utf8') };
  };
  const arn = 'arn:aws:sns:eu-west-1:123456789012:pager';
  const told = await app(arn);
  assert.equal(told.code, 0, told.said);
  // Once that it rings, once that it is over.
  assert.equal(told.template().split(`"${arn}"`).length - 1, 2 * 12);
  const refused = await app('pager');
  assert.notEqual(refused.code, 0);
  assert.match(refused.said, /`alarmTopic` is pager, and must be the ARN of an SNS topic/);
});
