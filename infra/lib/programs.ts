/**
 * Programs of the file that are functions in AWS Lambda: what `deliver` has to be allowed to invoke, and nothing else.
 */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Plan, PlannedProgram } from './plan.ts';

/** How a function may be named: by name, partial or whole ARN, each with a version or alias or without
 * (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html). */
const NAMED =
  /^(?:(?<prefix>arn:aws[a-z-]*:lambda:[a-z]{2}(?:-[a-z]+)+-\d:\d{12}:function:)|(?:(?<account>\d{12}):)?(?:function:)?)(?<name>[A-Za-z0-9_-]{1,64})(?<qualifier>:(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?$/;

/**
 * The ARN of each function that a program is, once.
 *
 * @throws Error, in words, for a name that no function can have; `emulator plan` refuses it too.
 */
export function invoked(scope: Construct, plan: Plan): string[] {
  return [...new Set(plan.programs.flatMap((program) => arn(scope, plan.file, program)))];
}

function arn(scope: Construct, file: string, program: PlannedProgram): string[] {
  const named = program.function;
  if (named === undefined) {
    return [];
  }
  const parts = NAMED.exec(named)?.groups;
  if (!parts) {
    const what = `the program \`${program.name}\` is the function \`${named}\``;
    throw new Error(`${file}:${program.line}: ${what}, which is no name or ARN of a function`);
  }
  const { prefix, account, name, qualifier = '' } = parts;
  if (prefix !== undefined) {
    return [named];
  }
  const formatted = Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: `${name}${qualifier}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    ...(account === undefined ? {} : { account }),
  });
  return [formatted];
}
