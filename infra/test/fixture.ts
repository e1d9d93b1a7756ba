/**
 * A Ringback of a file that is made up here, with programs that are nothing but the head of one.
 */
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { NAMES } from '../lib/functions.ts';
import { FORMAT, type Plan, planPathOf } from '../lib/plan.ts';
import { Ringback, type RingbackProps } from '../lib/ringback.ts';

export const MACHINE = { arm64: 183, x86: 62 };

const TEXT = '# stands for a ringback.yml: what is in it is in the plan\n';

export const PLAN: Plan = {
  format: FORMAT,
  file: 'ringback.yml',
  sha256: createHash('sha256').update(TEXT).digest('hex'),
  routes: [
    { function: 'trigger', method: 'POST', path: '/images', listener: 'in', line: 3 },
    { function: 'trigger', method: 'GET', path: '/images/{id}', listener: 'in', line: 4 },
    { function: 'callback', method: 'PUT', path: '/back/{id}/done', listener: 'back', line: 8 },
  ],
  environment: [
    { name: 'SERVICE_KEY', required: true, line: 12 },
    { name: 'SERVICE_URL', required: false, line: 13 },
  ],
  max_concurrent: { callback: 5 },
  programs: [
    { name: 'deploy', line: 20 },
    { name: 'shrink', function: 'make-thumbnails', line: 22 },
    { name: 'again', function: 'make-thumbnails', line: 24 },
    { name: 'live', function: 'billing:live', line: 26 },
    { name: 'near', function: '210987654321:function:theirs', line: 28 },
    { name: 'far', function: 'arn:aws:lambda:us-east-1:210987654321:function:far:7', line: 30 },
  ],
  sources: ['github'],
};

/** A folder that goes when the tests of a file have run. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'ringback-infra-'));
  after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
  header.writeUInt16LE(machine, 18);
  return header;
}

export function binaries(machine = MACHINE.arm64): string {
  const made = folder();
  for (const name of NAMES) {
    mkdirSync(join(made, name));
    writeFileSync(join(made, name, 'bootstrap'), elf(machine));
  }
  return made;
}

export function config(plan: Plan = PLAN): string {
  const path = join(folder(), 'ringback.yml');
  writeFileSync(path, TEXT);
  writeFileSync(planPathOf(path), JSON.stringify(plan));
  return path;
}

export type Changes = Partial<RingbackProps> & { readonly plan?: Plan };

export function build({ plan, ...props }: Changes = {}): { app: App; stack: Stack; ringback: Ringback } {
  const app = new App({ outdir: folder() });
  const stack = new Stack(app, 'Test', { env: { account: '123456789012', region: 'eu-west-1' } });
  const given = { binaries: props.binaries ?? binaries(), configPath: props.configPath ?? config(plan) };
  return { app, stack, ringback: new Ringback(stack, 'Ringback', { ...props, ...given }) };
}

let unchanged: Template | undefined;

export function template(changes?: Changes): Template {
  return changes ? Template.fromStack(build(changes).stack) : (unchanged ??= Template.fromStack(build().stack));
}

export interface Resource {
  // What CloudFormation has there is JSON of many shapes; assertions say which is meant.
  readonly Properties: any;
}

/** Resources of a type by logical id. */
export function resources(from: Template, type: string): [string, Resource][] {
  return Object.entries(from.findResources(type) as Record<string, Resource>);
}

/** The logical id of the one function of this name. */
export function functionId(from: Template, name: string): string {
  const found = from.findResources('AWS::Lambda::Function', {
    Properties: { FunctionName: Match.stringLikeRegexp(`-${name}$`) },
  });
  const [id, ...more] = Object.keys(found);
  if (id === undefined || more.length > 0) {
    throw new Error(`${Object.keys(found).length} functions are called ${name}`);
  }
  return id;
}

/** What a program of Node.js says, in the folder of infra/. */
export function node(program: string[], more: Record<string, string>): Promise<{ code: number; said: string }> {
  const env = { ...process.env, HOME: folder(), AWS_REGION: 'eu-west-1', CI: '1', ...more };
  return new Promise((done) => {
    execFile(process.execPath, program, { cwd: join(import.meta.dirname, '..'), env }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), said: out + err }),
    );
  });
}
