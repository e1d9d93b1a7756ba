import { type App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NAMES } from '../lib/functions.ts';
import { ON_EVERYTHING } from '../lib/rights.ts';
import { build, functionId, PLAN, resources, template } from './fixture.ts';

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
}

const list = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one]);

/** What a function's role may do. */
function statements(from: Template, name: string): Statement[] {
  const own = resources(from, 'AWS::Lambda::Function').find(([id]) => id === functionId(from, name));
  const role = own?.[1].Properties.Role['Fn::GetAtt'][0] as string;
  const policies = resources(from, 'AWS::IAM::Policy').filter(([, { Properties: p }]) =>
    p.Roles.some((r: { Ref: string }) => r.Ref === role),
  );
  return policies.flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement as Statement[]);
}

const made = template();
const actions = (name: string, service: string) =>
  statements(made, name)
    .flatMap((statement) => list(statement.Action))
    .filter((action) => action.startsWith(`${service}:`))
    .map((action) => action.slice(service.length + 1))
    .sort();

test('no role is given a whole service, or every resource but where there is no other', () => {
  assert.equal(resources(made, 'AWS::IAM::Role').filter(([, role]) => role.Properties.ManagedPolicyArns).length, 0);
  for (const name of NAMES) {
    const all = statements(made, name);
    assert.ok(all.length > 0, name);
    for (const { Action, Resource } of all) {
      assert.ok(!JSON.stringify(Action).includes('*'), `${name}: ${JSON.stringify(Action)}`);
      if (JSON.stringify(Resource).includes('*')) {
        assert.deepEqual([name, Action, Resource], ['relay', ON_EVERYTHING.action, '*']);
      }
    }
  }
});

test('each function does what its code does and no more', () => {
  assert.deepEqual(actions('trigger', 'dynamodb'), ['PutItem', 'Query', 'UpdateItem']);
  assert.deepEqual(actions('callback', 'dynamodb'), ['PutItem', 'Query', 'UpdateItem']);
  assert.deepEqual(actions('sweep', 'dynamodb'), ['BatchGetItem', 'GetItem', 'Query', 'UpdateItem']);
  const reads = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'];
  assert.deepEqual(actions('relay', 'dynamodb'), [...reads, 'Query'].sort());
  assert.ok(!actions('deliver', 'dynamodb').includes('DeleteItem'));
});

test('only relay sends, and only deliver receives', () => {
  for (const name of NAMES) {
    const wanted = {
      relay: ['SendMessage'],
      deliver: ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'],
    };
    assert.deepEqual(actions(name, 'sqs'), wanted[name as keyof typeof wanted] ?? [], name);
  }
});

test('only deliver invokes functions, and exactly those that programs of the file are', () => {
  for (const name of NAMES) {
    assert.deepEqual(actions(name, 'lambda'), name === 'deliver' ? ['InvokeFunction'] : [], name);
  }
  const statement = statements(made, 'deliver').find(({ Action }) => Action === 'lambda:InvokeFunction');
  const text = (arn: unknown): string =>
    typeof arn === 'string' ? arn : (arn as { 'Fn::Join': [string, string[]] })['Fn::Join'][1].map(part).join('');
  const part = (one: unknown) => (typeof one === 'string' ? one : 'aws');
  assert.deepEqual(list(statement?.Resource).map(text), [
    'arn:aws:lambda:eu-west-1:123456789012:function:make-thumbnails',
    'arn:aws:lambda:eu-west-1:123456789012:function:billing:live',
    'arn:aws:lambda:eu-west-1:210987654321:function:theirs',
    'arn:aws:lambda:us-east-1:210987654321:function:far:7',
  ]);
  const without = template({ plan: { ...PLAN, programs: [{ name: 'deploy', line: 1 }] } });
  assert.ok(!JSON.stringify(statements(without, 'deliver')).includes('lambda:'));
});

test('secrets are read one by one, and not at all by those that need none', () => {
  for (const name of ['relay', 'sweep']) {
    assert.deepEqual(actions(name, 'ssm'), []);
  }
  for (const name of ['trigger', 'callback', 'api', 'deliver']) {
    const [statement, ...more] = statements(made, name).filter((s) => list(s.Action).includes('ssm:GetParameters'));
    assert.equal(more.length, 0);
    const text = JSON.stringify(statement?.Resource);
    for (const parameter of ['ringback/key', 'ringback/env/SERVICE_KEY', 'ringback/env/SERVICE_URL']) {
      assert.ok(text.includes(`parameter/${parameter}"`), `${name}: ${text}`);
    }
  }
});

test('a function knows where its secrets are, and never what they are', () => {
  for (const [, { Properties: p }] of resources(made, 'AWS::Lambda::Function')) {
    const variables = p.Environment.Variables as Record<string, unknown>;
    const secretive = /-(relay|sweep)$/.test(p.FunctionName);
    assert.equal(variables['RINGBACK_KEY_PARAMETER'], secretive ? undefined : '/ringback/key');
    assert.equal(variables['RINGBACK_ENV_PATH'], secretive ? undefined : '/ringback/env');
    assert.equal(variables['RINGBACK_KEY'], undefined);
    assert.ok(variables['RINGBACK_TABLE'] && variables['RINGBACK_QUEUE_URL'] && variables['RINGBACK_PUBLIC_URL']);
  }
});

/** What cdk-nag has against an app. */
function findings({ app }: { app: App }): string[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  try {
    app.synth();
  } catch (error) {
    // The report says what.
    assert.match((error as Error).message, /^Validation failed/);
  }
  const report = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8'));
  interface Found {
    readonly violations: readonly { readonly ruleName: string }[];
  }
  return (report.pluginReports as Found[]).flatMap((plugin) =>
    plugin.violations.map((violation) => violation.ruleName),
  );
}

test('cdk-nag has nothing against it that is not answered with a reason', () => {
  const bad = build();
  new Queue(bad.stack, 'Unprotected');
  assert.match(findings(bad).join(' '), /SQS4/, 'the checks run');
  assert.deepEqual(findings(build()), []);
  assert.deepEqual(findings(build({ tracing: true, accessLogs: true })), []);
});
