/** What the alarms watch, who is told, and what they cost. */
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ringback } from '../lib/ringback.ts';
import { binaries, config, folder, node, resources, template } from './fixture.ts';

const made = template();

function alarm(name: string) {
  const all = resources(made, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  return all.find((one) => one.AlarmName === `ringback-${name}`);
}

test('one alarm is for the throttles of all functions', () => {
  const { Namespace, MetricName, Statistic, Dimensions, Threshold } = alarm('throttles');
  assert.deepEqual([Namespace, MetricName, Statistic, Dimensions], ['AWS/Lambda', 'Throttles', 'Sum', undefined]);
  assert.equal(Threshold, 1);
});

test('a program that runs for long is not one that waits', () => {
  const { MetricName, Statistic, Dimensions, Threshold, EvaluationPeriods } = alarm('programs-waiting');
  assert.deepEqual(
    [MetricName, Statistic, Threshold, EvaluationPeriods],
    ['ApproximateNumberOfMessagesVisible', 'Minimum', 1, 3],
  );
  const text = JSON.stringify(Dimensions);
  assert.ok(text.includes('Programs') && !text.includes('Calls') && !text.includes('DeadLetters'));
});

test('dead letters say after how many tries they are such', () => {
  const says = (name: string, words: string) =>
    made.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: `ringback-dead-letters-${name}`,
      AlarmDescription: Match.stringLikeRegexp(words),
    });
  says('calls', 'deliver .* 20 times');
  says('programs', 'workers .* 1000 times');
});

test('each alarm is paid for as one, and the docs say what all cost', () => {
  const alarms = resources(made, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  assert.ok(alarms.every((one) => one.Metrics === undefined));
  // $0.10 each but for the first ten (https://aws.amazon.com/cloudwatch/pricing/).
  const dollars = ((alarms.length - 10) * 0.1).toFixed(2);
  const docs = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8').replaceAll(/\s+/g, ' ');
  assert.ok(docs.includes(`${alarms.length} alarms: $${dollars} a month`));
});

test('each alarm tells the topic, also that it is over', () => {
  const app = new App({ outdir: folder() });
  const stack = new Stack(app, 'Told');
  const alarmTopic = new Topic(stack, 'Topic');
  new Ringback(stack, 'Ringback', { configPath: config(), binaries: binaries(), alarmTopic });
  const told = resources(Template.fromStack(stack), 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  assert.equal(told.length, 11);
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
  assert.equal(told.template().split(`"${arn}"`).length - 1, 2 * 11);
  const refused = await app('pager');
  assert.notEqual(refused.code, 0);
  assert.match(refused.said, /`alarmTopic` is pager, and must be the ARN of an SNS topic/);
});
