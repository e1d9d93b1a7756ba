/** A missing secret, against a stand-in for SSM. */
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { checkParameters } from '../lib/ringback.ts';
import { binaries, build, type Changes, config, folder, node, PLAN } from './fixture.ts';

interface Asked {
  readonly Names: string[];
  readonly WithDecryption: boolean;
}

const asked: Asked[] = [];
let there: string[] = [];
let refuses = false;

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part: Buffer) => (body += part.toString()));
  request.on('end', () => {
    assert.equal(request.headers['x-amz-target'], 'AmazonSSM.GetParameters');
    const one = JSON.parse(body) as Asked;
    asked.push(one);
    const answer = refuses
      ? { __type: 'AccessDeniedException', message: 'not yours to ask' }
      : {
          Parameters: one.Names.filter((name) => there.includes(name)).map((Name) => ({
            Name,
            Value: 'a hidden value',
          })),
          InvalidParameters: one.Names.filter((name) => !there.includes(name)),
        };
    response.writeHead(refuses ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer));
  });
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
after(() => server.close());

beforeEach(() => {
  asked.length = 0;
  there = [];
  refuses = false;
  for (const name of Object.keys(process.env).filter((name) => /^(AWS|CDK)_/.test(name))) {
    delete process.env[name];
  }
  process.env['AWS_ACCESS_KEY_ID'] = process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

/** What is said of a stack: its errors and its warnings. */
async function said(changes?: Changes): Promise<{ errors: string[]; warnings: string[] }> {
  const { stack, ringback } = build(changes);
  await checkParameters(ringback);
  const from = Annotations.fromStack(stack);
  const any = Match.anyValue();
  const texts = (found: ReturnType<typeof from.findError>) => found.map(({ entry }) => String(entry.data));
  return { errors: texts(from.findError('*', any)), warnings: texts(from.findWarning('*', any)) };
}

test('each parameter that is missing is an error, with the line that reads it and the command that makes it', async () => {
  const put = 'aws ssm put-parameter --type SecureString --name';
  const { errors, warnings } = await said();
  assert.deepEqual(errors, [
    `there is no SSM parameter /ringback/key, the key of secrets: ${put} /ringback/key --value "$(openssl rand -base64 32)"`,
    'ringback.yml:12: ${env.SERVICE_KEY} is read without a default and there is no SSM parameter ' +
      `/ringback/env/SERVICE_KEY: ${put} /ringback/env/SERVICE_KEY --value …`,
  ]);
  assert.deepEqual(warnings, []);
});

test('where all are there nothing is said, and no value was asked for', async () => {
  there = ['/mine/key', '/mine/env/SERVICE_KEY'];
  assert.deepEqual(await said({ parameterPath: '/mine' }), { errors: [], warnings: [] });
  assert.deepEqual(asked, [{ Names: ['/mine/key', '/mine/env/SERVICE_KEY'], WithDecryption: false }]);
});

test('ten are asked for at a time, and all that are missing are told of at once', async () => {
  const environment = Array.from({ length: 23 }, (_, n) => ({ name: `V${n}`, required: true, line: n + 1 }));
  there = ['/ringback/key', '/ringback/env/V3'];
  const { errors } = await said({ plan: { ...PLAN, environment } });
  assert.deepEqual(
    asked.map(({ Names }) => Names.length),
    [10, 10, 4],
  );
  assert.equal(errors.length, 22);
  assert.match(errors.join('\n'), /ringback\.yml:23: \$\{env\.V22\}/);
});

test('a variable that the functions are given needs no parameter', async () => {
  there = ['/ringback/key'];
  assert.deepEqual(await said({ environment: { SERVICE_KEY: 'https://…' } }), { errors: [], warnings: [] });
});

test('where SSM can not be asked that is a warning which names the parameters, and no error', async () => {
  const warns = async (why: RegExp) => {
    const { errors, warnings } = await said();
    assert.deepEqual(errors, []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', why);
    assert.match(warnings[0] ?? '', /\/ringback\/key, \/ringback\/env\/SERVICE_KEY/);
  };
  refuses = true;
  await warns(/not yours to ask/);
  process.env['AWS_ACCOUNT_ID'] = '210987654321';
  await warns(/of the account 210987654321, and the stack is for 123456789012/);
  delete process.env['AWS_ACCOUNT_ID'];
  process.env['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:1';
  await warns(/ECONNREFUSED/);
  delete process.env['AWS_ACCESS_KEY_ID'];
  await warns(/no AWS credentials/);
  assert.equal(asked.length, 1);
});

test('a name that is too deep below the path of the parameters is refused with its line', () => {
  const environment = [{ name: 'a/b/c/d/e', required: false, line: 4 }];
  const parameterPath = '/1/2/3/4/5/6/7/8/9/10';
  assert.throws(() => build({ plan: { ...PLAN, environment }, parameterPath }), /ringback\.yml:4: .*at most 15 levels/);
  assert.ok(build({ plan: { ...PLAN, environment }, parameterPath: '/1/2/3/4/5/6/7/8/9' }));
});

test('the command line refuses to synthesize without a secret, and goes on with what needs none', async () => {
  const infra = join(import.meta.dirname, '..');
  const context = { config: config(), binaries: binaries() };
  const cdk = (command: string) => {
    const settings = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const flags = ['--output', folder(), '--no-notices', '--no-version-reporting', '--no-lookups'];
    const quiet = { CDK_DISABLE_VERSION_CHECK: '1', CDK_DISABLE_CLI_TELEMETRY: 'true' };
    return node([join(infra, 'node_modules/aws-cdk/bin/cdk'), command, ...settings, ...flags], quiet);
  };
  there = ['/ringback/key'];
  const refused = await cdk('synth');
  assert.notEqual(refused.code, 0);
  assert.match(refused.said, /ringback\.yml:12: \$\{env\.SERVICE_KEY\} is read without a default/);
  assert.ok(!refused.said.includes('a hidden value'));
  // As `bootstrap` and `destroy`, it only wants to know which stacks there are.
  const listed = await cdk('ls');
  assert.equal(listed.code, 0, listed.said);
  asked.length = 0;
  const unchecked = JSON.stringify({ ...context, checkParameters: 'false' });
  const app = ['--import', 'tsx', 'bin/ringback.ts'];
  const { code, said } = await node(app, { CDK_CONTEXT_JSON: unchecked, CDK_OUTDIR: folder() });
  assert.equal(code, 0, said);
  assert.equal(asked.length, 0);
});
