/**
 * The six functions: one for each crate in functions/, each with a role, a log and limits of its own.
 */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  ApplicationLogLevel,
  type Architecture,
  Function,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { packaged } from './binaries.ts';
import type { Queues } from './queues.ts';
import {
  environmentPath,
  type FunctionName,
  keyParameter,
  ON_EVERYTHING,
  type Parameters,
  RIGHTS,
  statements,
} from './rights.ts';

/** Mebibytes and seconds; the same as in `[package.metadata.lambda.deploy]` of each function's Cargo.toml. */
export const SIZES: Readonly<Record<FunctionName, { readonly memory: number; readonly timeout: number }>> = {
  trigger: { memory: 256, timeout: 30 },
  callback: { memory: 256, timeout: 30 },
  api: { memory: 256, timeout: 30 },
  relay: { memory: 256, timeout: 60 },
  // A stretch of work hands over after 5 minutes; this is Lambda's own limit.
  deliver: { memory: 512, timeout: 900 },
  sweep: { memory: 256, timeout: 60 },
};

export const NAMES = Object.keys(SIZES) as FunctionName[];

/** The longest name of a function (https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html). */
const LONGEST_NAME = 64;

export interface FunctionsProps {
  /** Before each function's name: `<name>-trigger`. */
  readonly name: string;
  readonly configPath: string;
  readonly binaries: string;
  readonly architecture: Architecture;
  readonly table: Table;
  readonly queues: Queues;
  readonly parameters: Parameters;
  /** The key of the parameters, where it isn't the account's own for SSM. */
  readonly parameterKey?: IKey | undefined;
  readonly publicUrl: string;
  /** SHA-256 of each bearer token that the API accepts, in hexadecimal. */
  readonly tokenSha256: readonly string[];
  readonly shards: number;
  readonly logRetention: RetentionDays;
  readonly maxConcurrent: Readonly<Partial<Record<FunctionName, number>>>;
  readonly tracing: boolean;
  /** ARNs of the functions that programs of the file are. */
  readonly invoked: readonly string[];
  /** More variables, for every function. */
  readonly environment: Readonly<Record<string, string>>;
}

export type Functions = Readonly<Record<FunctionName, Function>>;

export function functions(scope: Construct, props: FunctionsProps): Functions {
  const made = NAMES.map((name) => [name, one(scope, name, props)] as const);
  return Object.fromEntries(made) as Record<FunctionName, Function>;
}

function one(scope: Construct, name: FunctionName, props: FunctionsProps): Function {
  const functionName = `${props.name}-${name}`;
  if (!/^[A-Za-z0-9-_]+$/.test(functionName) || functionName.length > LONGEST_NAME) {
    const rule = `letters, digits, - and _, at most ${LONGEST_NAME} of them`;
    throw new Error(`the function's name ${functionName} is not ${rule}: choose another \`name\``);
  }
  const id = name.charAt(0).toUpperCase() + name.slice(1);
  const logGroup = new LogGroup(scope, `${id}Log`, {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: props.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const made = new Function(scope, `${id}Function`, {
    functionName,
    code: packaged(name, props.binaries, props.configPath, props.architecture),
    handler: 'bootstrap',
    runtime: Runtime.PROVIDED_AL2023,
    architecture: props.architecture,
    memorySize: SIZES[name].memory,
    timeout: Duration.seconds(SIZES[name].timeout),
    role: role(scope, id, name, logGroup, props),
    logGroup,
    // Lambda's own three lines for each invocation cost more than the invocation where little happens. What fails is WARN:
    // an invocation that crashed or ran out of time, lines that were dropped. Only JSON can be filtered; of what the program
    // says, which chooses by itself (shared/platform/src/telemetry.rs), everything is kept
    // (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html).
    loggingFormat: LoggingFormat.JSON,
    systemLogLevelV2: SystemLogLevel.WARN,
    applicationLogLevelV2: ApplicationLogLevel.TRACE,
    ...(props.tracing ? { tracing: Tracing.ACTIVE } : {}),
    environment: environment(name, props),
    ...(props.maxConcurrent[name] === undefined ? {} : { reservedConcurrentExecutions: props.maxConcurrent[name] }),
    // Only the schedule invokes a function without waiting, and the next minute comes anyway.
    ...(name === 'sweep' ? { retryAttempts: 0 } : {}),
  });
  return made;
}

function role(scope: Construct, id: string, name: FunctionName, log: LogGroup, props: FunctionsProps): Role {
  const made = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  log.grantWrite(made);
  for (const statement of statements(name, props.table, props.queues, props.parameters, props.invoked)) {
    made.addToPolicy(statement);
  }
  if (RIGHTS[name].keys || RIGHTS[name].environment) {
    props.parameterKey?.grantDecrypt(made);
  }
  if (RIGHTS[name].stream) {
    Validations.of(made).acknowledge({ id: ON_EVERYTHING.id, reason: ON_EVERYTHING.reason });
  }
  if (props.tracing) {
    Validations.of(made).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Traces have no resource: xray:PutTraceSegments and PutTelemetryRecords know only *.',
    });
  }
  return made;
}

function environment(name: FunctionName, props: FunctionsProps): Record<string, string> {
  const rights = RIGHTS[name];
  return {
    ...props.environment,
    RINGBACK_TABLE: props.table.tableName,
    RINGBACK_QUEUE_URL: props.queues.calls.queue.queueUrl,
    RINGBACK_PROGRAMS_QUEUE_URL: props.queues.programs.queue.queueUrl,
    RINGBACK_PUBLIC_URL: props.publicUrl,
    RINGBACK_SHARDS: String(props.shards),
    ...(rights.keys ? { RINGBACK_KEY_PARAMETER: keyParameter(props.parameters.path) } : {}),
    ...(rights.environment ? { RINGBACK_ENV_PATH: environmentPath(props.parameters.path) } : {}),
    ...(name === 'api' && props.tokenSha256.length > 0 ? { RINGBACK_TOKEN_SHA256: props.tokenSha256.join(',') } : {}),
  };
}
