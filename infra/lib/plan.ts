/**
 * What infrastructure knows of a `ringback.yml`: the output of `emulator plan`.
 *
 * Nothing here reads the file itself: it is read in one place, by the loader that the functions use. What AWS can't have
 * is refused there too, with its line. A plan holds the digest of its file, so that a stale one is noticed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

/** The form of a plan that this code reads. */
export const FORMAT = 3;

export interface Plan {
  readonly format: number;
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  readonly routes: readonly PlannedRoute[];
  readonly environment: readonly Variable[];
  /** Requests handled at once, where the file limits them. */
  readonly max_concurrent: { readonly trigger?: number; readonly callback?: number };
  readonly programs: readonly PlannedProgram[];
  /** Names of the providers that call us. */
  readonly sources: readonly string[];
}

export interface PlannedProgram {
  readonly name: string;
  /** The function in AWS Lambda that it is, by name or ARN as the file has it. Absent for one that workers run. */
  readonly function?: string;
  /** Where that function, or its command, stands in the file, from 1. */
  readonly line: number;
}

export interface PlannedRoute {
  readonly function: 'trigger' | 'callback';
  readonly method: string;
  /** Parameters as `{name}`, as API Gateway writes them too. */
  readonly path: string;
  readonly listener: string;
  /** Where it stands in the file, from 1. */
  readonly line: number;
}

/** A variable that templates read as `${env.NAME}`. */
export interface Variable {
  readonly name: string;
  /** It is read without a default: the functions don't start without it. */
  readonly required: boolean;
  /** Where it is first read, without a default if it is so anywhere; from 1. */
  readonly line: number;
}

/** Where the plan of a file is kept: beside it, `ringback.plan.json`. */
export function planPathOf(configPath: string): string {
  return configPath.replace(/\.ya?ml$/, '') + '.plan.json';
}

/**
 * The plan of a file: made now, if `emulator` names the program, else the one that was made before.
 *
 * @throws Error, in words, where there is none, it is of another text, or the file can't be deployed.
 */
export function readPlan(configPath: string, planPath = planPathOf(configPath), emulator?: string): Plan {
  if (!existsSync(configPath)) {
    throw new Error(`there is no file ${configPath}`);
  }
  const plan = parse(emulator ? make(emulator, configPath) : stored(configPath, planPath), planPath);
  if (plan.sha256 !== createHash('sha256').update(readFileSync(configPath)).digest('hex')) {
    throw new Error(`${planPath} was made of another text: ${howToMake(configPath, planPath)}`);
  }
  return plan;
}

function make(emulator: string, configPath: string): string {
  try {
    return execFileSync(emulator, ['plan', '--file', configPath], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr;
    throw new Error(said || `${emulator} could not be run: ${(error as Error).message}`);
  }
}

function stored(configPath: string, planPath: string): string {
  if (!existsSync(planPath)) {
    throw new Error(`there is no ${planPath}: ${howToMake(configPath, planPath)}`);
  }
  return readFileSync(planPath, 'utf8');
}

function howToMake(configPath: string, planPath: string): string {
  return `run \`emulator plan --file ${configPath} > ${planPath}\`, or name the program in RINGBACK_EMULATOR`;
}

function parse(text: string, planPath: string): Plan {
  const plan = JSON.parse(text) as Plan;
  if (plan.format !== FORMAT) {
    throw new Error(`${planPath} has the format ${plan.format}, and this is for ${FORMAT}: use both of one version`);
  }
  return plan;
}
