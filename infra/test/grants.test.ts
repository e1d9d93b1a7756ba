/** What replicas and workers may do. */
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import type { Stack } from 'aws-cdk-lib';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Ringback } from '../lib/ringback.ts';
import { build, type Changes, PLAN, resources } from './fixture.ts';

/** Each action of a role with the resources that it is allowed on, as text. */
function allowed(
  grant: (ringback: Ringback, role: Role, stack: Stack) => void,
  changes?: Changes,
): Map<string, string> {
  const { stack, ringback } = build(changes);
  const role = new Role(stack, 'Role', { assumedBy: new AccountPrincipal(stack.account) });
  grant(ringback, role, stack);
  const from = Template.fromStack(stack);
  const id = stack.getLogicalId(role.node.defaultChild as never);
  const policies = resources(from, 'AWS::IAM::Policy').filter(([, { Properties: p }]) => p.Roles[0].Ref === id);
  const found = new Map<string, string>();
  for (const { Action, Resource } of policies.flatMap(([, { Properties: p }]) => p.PolicyDocument.Statement)) {
    for (const action of [Action].flat() as string[]) {
      found.set(action, (found.get(action) ?? '') + JSON.stringify(Resource));
    }
  }
  return found;
}

const replica = (changes?: Changes) => allowed((ringback, role) => ringback.grantReplica(role), changes);
const names = (rights: Map<string, string>, service: string) =>
  [...rights.keys()].filter((action) => action.startsWith(`${service}:`)).map((action) => action.split(':')[1]);

test('a replica does what the functions do, and what Lambda does for them', () => {
  const rights = replica();
  const items = ['BatchGetItem', 'DeleteItem', 'DescribeTable', 'GetItem', 'PutItem', 'Query', 'UpdateItem'];
  const stream = ['DescribeStream', 'GetRecords', 'GetShardIterator'];
  assert.deepEqual(names(rights, 'dynamodb').sort(), [...items, ...stream].sort());
  assert.match(rights.get('dynamodb:Query') ?? '', /index\/list/);
  assert.match(rights.get('dynamodb:GetRecords') ?? '', /StreamArn/);
  const messages = ['ChangeMessageVisibility', 'DeleteMessage', 'ReceiveMessage', 'SendMessage'];
  assert.deepEqual(names(rights, 'sqs').sort(), messages);
  for (const action of messages) {
    const on = rights.get(`sqs:${action}`) ?? '';
    assert.ok(on.includes('RingbackCalls') && on.includes('RingbackPrograms') && !on.includes('DeadLetters'), on);
  }
  assert.ok(![...rights.values()].some((on) => on.includes('*')));
});

test('a replica invokes the functions that programs are, and reads the parameters', () => {
  const rights = replica();
  const invoked = rights.get('lambda:InvokeFunction') ?? '';
  for (const name of ['function:make-thumbnails"', 'function:billing:live"', '210987654321:function:far:7"']) {
    assert.ok(invoked.includes(name), name);
  }
  const read = rights.get('ssm:GetParameters') ?? '';
  for (const parameter of ['ringback/key', 'ringback/env/SERVICE_KEY', 'ringback/env/SERVICE_URL']) {
    assert.ok(read.includes(`parameter/${parameter}"`), parameter);
  }
  assert.ok(!replica({ plan: { ...PLAN, programs: [] } }).has('lambda:InvokeFunction'));
});

test('a replica may decrypt parameters with a key of their own', () => {
  const { stack } = build();
  const parameterKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/k');
  assert.match(replica({ parameterKey }).get('kms:Decrypt') ?? '', /key\/k/);
  assert.ok(!replica().has('kms:Decrypt'));
});

test('a worker takes programs, and writes what came of them', () => {
  const rights = allowed((ringback, role) => ringback.grantWorker(role));
  assert.deepEqual([...rights.keys()].sort(), [
    'dynamodb:GetItem',
    'dynamodb:UpdateItem',
    'sqs:ChangeMessageVisibility',
    'sqs:DeleteMessage',
    'sqs:ReceiveMessage',
  ]);
  const queue = rights.get('sqs:ReceiveMessage') ?? '';
  assert.ok(queue.includes('RingbackPrograms') && !queue.includes('Calls') && !queue.includes('DeadLetters'), queue);
  const layered = allowed((ringback, role) => ringback.grantWorker(role, { runtimePrograms: true }));
  assert.deepEqual(
    [...layered.keys()].filter((action) => !rights.has(action)),
    ['dynamodb:Query'],
  );
  assert.equal(rights.get('ssm:GetParameters'), undefined);
  const opening = allowed((ringback, role) => ringback.grantWorker(role, { opensSecrets: true }));
  assert.deepEqual(names(opening, 'ssm'), ['GetParameters']);
  assert.match(opening.get('ssm:GetParameters') ?? '', /ringback\/key"/);
  assert.doesNotMatch(opening.get('ssm:GetParameters') ?? '', /ringback\/env/);
});

test("the queue's and the stream's calls are those that the code makes", () => {
  const root = join(import.meta.dirname, '../../emulator');
  const text = (path: string) => readFileSync(join(root, path), 'utf8');
  const all = (path: string) => readdirSync(join(root, path), { recursive: true, encoding: 'utf8' });
  const sources = (path: string) => all(path).filter((name) => /^(?!.*(tests|provision)).*\.rs$/.test(name));
  const called = (code: string, client: RegExp) =>
    [...new Set([...code.matchAll(client)].map(([, name = '']) => name.replace(/_batch$/, '')))].sort();
  const words = (actions: string[]) => actions.map((action) => action.replaceAll(/(?!^)[A-Z]/g, '_$&').toLowerCase());
  const calls =
    /\.((?:receive|delete|send|change)_message\w*|get_queue_\w+|(?:describe|get)_(?:stream|shard|records)\w*)\(\)/g;
  const worker = sources('worker/src')
    .map((name) => text(join('worker/src', name)))
    .join('');
  const taken = ['ChangeMessageVisibility', 'DeleteMessage', 'ReceiveMessage'];
  assert.deepEqual(called(worker, calls), words(taken));
  const cloud = [
    'instance/src/cloud.rs',
    ...sources('instance/src/cloud').map((name) => join('instance/src/cloud', name)),
  ]
    .map(text)
    .join('');
  // Messages are sent by shared/platform, for relay.
  const wanted = [...taken, 'DescribeStream', 'GetRecords', 'GetShardIterator'];
  assert.deepEqual(called(cloud, calls), words(wanted).sort());
});
