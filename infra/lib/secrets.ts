/**
 * The SSM parameters without which functions don't start, and whether they are there:
 *
 *     plan ─► required ─► GetParameters, ten names at a time ─► an error of the stack for each that is missing, with its line
 *
 * Only names are asked for: values are not decrypted, not kept and not shown. Where SSM can't be asked (no credentials, no
 * network, no right to), that is a warning, and everything else works as before.
 */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { Plan, Variable } from './plan.ts';
import type { Ringback } from './ringback.ts';
import { environmentPath, keyParameter } from './rights.ts';

/** Levels and characters of a parameter's name, at most
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html). */
const LEVELS = 15;
const LONGEST = 1011;
/** Names in one GetParameters, at most
 * (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html). */
const BATCH = 10;
/** How long one answer may take, in milliseconds. */
const PATIENCE = 10_000;
/** One of these is set where credentials are at hand. The last is by the CDK's command line, wherever it found them
 * (https://docs.aws.amazon.com/cdk/v2/guide/configure-env.html). */
const SIGNS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'CDK_DEFAULT_ACCOUNT',
];

export interface Required {
  /** The parameter's name. */
  readonly name: string;
  /** What reads it; absent for the key of secrets. */
  readonly variable?: Variable;
}

export interface Place {
  readonly region?: string | undefined;
  readonly account?: string | undefined;
}

/**
 * @param path above all parameters, such as `/ringback`.
 * @param given variables that the functions have anyway, and so read from no parameter.
 * @throws Error, in words, for a name that is too long or too deep below this path.
 */
export function required(plan: Plan, path: string, given: readonly string[] = []): Required[] {
  const variables = plan.environment.filter(({ name }) => !given.includes(name));
  const all = variables.map((variable) => ({ name: `${environmentPath(path)}/${variable.name}`, variable }));
  for (const { name, variable } of all) {
    if (name.split('/').length - 1 > LEVELS || name.length > LONGEST) {
      const limits = `at most ${LEVELS} levels and ${LONGEST} characters`;
      throw new Error(`${plan.file}:${variable.line}: the name of an SSM parameter has ${limits}: ${name}`);
    }
  }
  return [{ name: keyParameter(path) }, ...all.filter(({ variable }) => variable.required)];
}

/**
 * The names of those that are not there.
 *
 * @throws Error where SSM can't be asked, or only about another account.
 */
export async function missing(names: readonly string[], { region, account }: Place): Promise<string[]> {
  if (!SIGNS.some((sign) => process.env[sign])) {
    throw new Error('there are no AWS credentials');
  }
  const { GetParametersCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient({ maxAttempts: 2, ...(region === undefined ? {} : { region }) });
  try {
    const { accountId } = await client.config.credentials();
    if (accountId !== undefined && account !== undefined && accountId !== account) {
      throw new Error(`the credentials are of the account ${accountId}, and the stack is for ${account}`);
    }
    const lacking: string[] = [];
    for (let from = 0; from < names.length; from += BATCH) {
      const asked = new GetParametersCommand({ Names: names.slice(from, from + BATCH), WithDecryption: false });
      const { InvalidParameters } = await client.send(asked, { abortSignal: AbortSignal.timeout(PATIENCE) });
      lacking.push(...(InvalidParameters ?? []));
    }
    return lacking;
  } finally {
    client.destroy();
  }
}

/**
 * Asks, in the account and region of its stack, which parameters of a Ringback are missing. Each is an error of the
 * construct, so `cdk synth`, `diff` and `deploy` refuse it, while `bootstrap` and `destroy` work. That it could not be asked is a
 * warning.
 */
export async function checkParameters(ringback: Ringback): Promise<void> {
  const stack = Stack.of(ringback);
  const known = (value: string) => (Token.isUnresolved(value) ? undefined : value);
  const names = ringback.required.map(({ name }) => name);
  try {
    const lacking = await missing(names, { region: known(stack.region), account: known(stack.account) });
    for (const one of ringback.required.filter(({ name }) => lacking.includes(name))) {
      Annotations.of(ringback).addError(refusal(one, ringback.plan.file));
    }
  } catch (error) {
    const why = (error as Error).message || (error as Error).name;
    const what = 'It was not asked whether these SSM parameters are there, without which functions do not start';
    Annotations.of(ringback).addWarningV2('ringback:parameters', `${what} (${why}): ${names.join(', ')}`);
  }
}

function refusal({ name, variable }: Required, file: string): string {
  const put = (value: string) => `aws ssm put-parameter --type SecureString --name ${name} --value ${value}`;
  return variable === undefined
    ? `there is no SSM parameter ${name}, the key of secrets: ${put('"$(openssl rand -base64 32)"')}`
    : `${file}:${variable.line}: \${env.${variable.name}} is read without a default and there is no SSM parameter ` +
        `${name}: ${put('…')}`;
}
