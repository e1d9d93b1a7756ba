import { Architecture } from 'aws-cdk-lib/aws-lambda';
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planPathOf, readPlan } from '../lib/plan.ts';
import { binaries, build, type Changes, config, folder, MACHINE, PLAN } from './fixture.ts';

const refused = (changes: Changes, words: RegExp) => assert.throws(() => build(changes), words);

test('a plan that is missing, stale or of another form is refused, and the words say how to make it', () => {
  const missing = config();
  rmSync(planPathOf(missing));
  refused({ configPath: missing }, /there is no .*ringback\.plan\.json: run `emulator plan --file/);
  const stale = config();
  writeFileSync(stale, 'another text');
  refused({ configPath: stale }, /was made of another text: run `emulator plan/);
  refused({ plan: { ...PLAN, format: 1 } }, /has the format 1/);
  refused({ configPath: join(folder(), 'ringback.yml') }, /there is no file/);
});

test('a plan can be made by the program, and its refusal is passed on', () => {
  const path = config();
  const program = (script: string) => {
    const emulator = join(folder(), 'emulator');
    writeFileSync(emulator, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return emulator;
  };
  const works = program(`test "$1 $2 $3" = "plan --file ${path}" && cat '${planPathOf(path)}'`);
  assert.deepEqual(readPlan(path, undefined, works), PLAN);
  const fails = program('echo "ringback.yml:3:1: error[route_conflict]: taken" >&2; exit 1');
  assert.throws(() => readPlan(path, undefined, fails), /ringback\.yml:3:1: error\[route_conflict\]/);
  assert.throws(() => readPlan(path, undefined, join(folder(), 'none')), /could not be run/);
});

test('a program that is missing or for another machine is refused before anything is deployed', () => {
  refused({ binaries: folder() }, /trigger\/bootstrap: build it with `cargo lambda build --profile function --arm64`/);
  refused({ binaries: binaries(MACHINE.x86) }, /is for x86_64, and wanted is arm64/);
  refused({ architecture: Architecture.X86_64 }, /is for arm64, and wanted is x86_64: .*--x86-64/);
  const script = folder();
  mkdirSync(join(script, 'trigger'));
  writeFileSync(join(script, 'trigger', 'bootstrap'), '#!/bin/sh\n');
  refused({ binaries: script }, /no program for Linux/);
  assert.ok(build({ architecture: Architecture.X86_64, binaries: binaries(MACHINE.x86) }));
});

test('a program that no function can be is refused, so that none is given more than it names', () => {
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:';
  for (const named of ['*', 'a*', '', `${arn}*`, `${arn}a:*`, 'a b', 'a:b:c', 'arn:aws:s3:::bucket', 'x'.repeat(65)]) {
    const programs = [{ name: 'p', function: named, line: 7 }];
    refused({ plan: { ...PLAN, programs } }, /^Error: ringback\.yml:7: the program `p` is the function/);
  }
});

test('names and numbers over the limits of AWS are refused', () => {
  refused({ name: 'x'.repeat(60) }, /at most 64/);
  refused({ name: 'a b' }, /letters, digits/);
  refused({ parameterPath: 'ringback' }, /must be like \/ringback/);
  refused({ parameterPath: '/aws/x' }, /must be like \/ringback/);
  refused({ relayParallelism: 11 }, /from 1 to 10/);
  refused({ deliverConcurrency: 0 }, /from 2 to 1000/);
  refused({ deliverConcurrency: 1 }, /from 2 to 1000/);
  refused({ shards: 0 }, /from 1 to 64/);
  refused({ tokenSha256: ['the-token-itself'] }, /not the token itself/);
});
