/** What infrastructure and the rest of the workspace say of the same things. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OWN } from '../lib/api.ts';
import { NAMES, SIZES } from '../lib/functions.ts';
import { MAX_PROGRAM_RECEIVES, MAX_RECEIVE_COUNT, VISIBILITY } from '../lib/queues.ts';
import { resources, template } from './fixture.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

test('there is a function for each crate in functions/', () => {
  const crates = readdirSync(join(ROOT, 'functions'));
  assert.deepEqual([...NAMES].sort(), crates.sort());
  const deployed = resources(template(), 'AWS::Lambda::Function').map(([, f]) => f.Properties.FunctionName as string);
  assert.deepEqual(deployed.sort(), crates.map((name) => `ringback-${name}`).sort());
});

test('cargo lambda deploy sets what was provisioned', () => {
  for (const name of NAMES) {
    const section = read(`functions/${name}/Cargo.toml`).split('[package.metadata.lambda.deploy]')[1] ?? '';
    const number = (key: string) => Number(new RegExp(`^${key} = (\\d+)$`, 'm').exec(section)?.[1]);
    assert.deepEqual({ memory: number('memory'), timeout: number('timeout') }, SIZES[name], name);
    assert.ok(!/^(env|tracing|role)/m.test(section), `${name}: what is provisioned would be overwritten`);
  }
});

test("the table's keys are those of the store, its index and its expiry those that the code names", () => {
  assert.match(read('shared/platform/src/store.rs'), /^\/\/! \| item \| `pk` \| `sk` \|$/m);
  assert.match(read('shared/platform/src/store/list.rs'), /index_name\("list"\)/);
  assert.match(read('shared/platform/src/store/list.rs'), /"#l", "list"\)[\s\S]*"#a", "at"\)/);
  assert.match(read('shared/platform/src/store/run.rs'), /expires = :expires/);
  assert.match(read('shared/platform/src/store/owed.rs'), /"owed"\) != Some\(&AttributeValue::Bool\(true\)\)/);
});

test("the plan leaves room for our own routes, and keeps the file's away from their addresses", () => {
  assert.match(read('emulator/command/src/command/plan/routes.rs'), new RegExp(`OWN_ROUTES: usize = ${OWN.length};`));
  const others = read('emulator/command/src/command/plan/own.rs');
  const { paths } = JSON.parse(read('docs/openapi.json'));
  for (const { method, path } of OWN) {
    // What is greedy stands for all below the API and the console.
    const exact = path.includes('{proxy+}') || others.includes(`"${path}"`);
    const operations = paths[path.replace(/\{\w+\}/, '{id}')] ?? {};
    assert.ok(exact || operations[method.toLowerCase()], `${method} ${path}`);
  }
});

test("the queues are the emulator's", () => {
  const instance = read('emulator/instance/src/lib.rs');
  const worker = read('emulator/worker/src/lib.rs');
  assert.match(read('shared/platform/src/queue/rest.rs'), new RegExp(`RECEIVES: u32 = ${MAX_RECEIVE_COUNT};`));
  assert.match(worker, new RegExp(`RECEIVES: u32 = ${MAX_PROGRAM_RECEIVES};`));
  assert.match(
    instance,
    new RegExp(`VISIBILITY: Duration = Duration::from_secs\\(${VISIBILITY.toMinutes()} \\* 60\\)`),
  );
});

test('every variable that a function is given is one that the code reads', () => {
  const files = ['lambda/src/lib.rs', 'platform/src/settings.rs', 'platform/src/environment/keys.rs'];
  const sources = files.map((file) => read(`shared/${file}`)).join('');
  for (const [, f] of resources(template({ tokenSha256: ['0'.repeat(64)] }), 'AWS::Lambda::Function')) {
    for (const variable of Object.keys(f.Properties.Environment.Variables)) {
      assert.ok(sources.includes(`"${variable}"`), `${f.Properties.FunctionName}: nothing reads ${variable}`);
    }
  }
});

test('every alarm has its paragraph in docs/operations.md, and no paragraph is left over', () => {
  const alarms = resources(template({ functionAlarms: true }), 'AWS::CloudWatch::Alarm');
  const names = alarms.map(([, alarm]) => (alarm.Properties.AlarmName as string).replace('ringback-', ''));
  const [, section = ''] = read('docs/operations.md').split('## Alarms');
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
  const explained = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(explained.sort(), names.sort());
});
