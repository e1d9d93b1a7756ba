/**
 * Ringback in one AWS account, as a construct:
 *
 *     callers ─► HTTP API ─► trigger, callback, api ─► table ─ stream ─► relay ─► queue ─► deliver
 *                                           minute schedule ─► sweep ─► table
 *
 * It costs nothing while idle but the minute schedule, the queue's polling and its alarms.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { alarms } from './alarms.ts';
import { addRoutes, api, routes } from './api.ts';
import { type Functions, functions } from './functions.ts';
import { type Granted, grantReplica, grantWorker, type WorkerRights } from './grants.ts';
import { mappings, schedule } from './mappings.ts';
import { type Plan, readPlan } from './plan.ts';
import { invoked } from './programs.ts';
import { type Queues, queues } from './queues.ts';
import { type Required, required } from './secrets.ts';
import { table } from './table.ts';

export { checkParameters } from './secrets.ts';

export interface RingbackProps {
  /** The `ringback.yml`; it goes into each function's package. */
  readonly configPath: string;
  /** The output of `emulator plan` for it; `ringback.plan.json` beside it unless set. */
  readonly planPath?: string;
  /** The `emulator` program, to make the plan now; the environment's `RINGBACK_EMULATOR` unless set. */
  readonly emulator?: string;
  /** The folder with `<function>/bootstrap`, as `cargo lambda build` leaves it: `target/lambda`. */
  readonly binaries: string;
  /** ARM_64 unless set: the same work for a fifth less (https://aws.amazon.com/lambda/pricing/). */
  readonly architecture?: Architecture;
  /** Before the names of functions, alarms and the API; `ringback` unless set. Two in one region need two names. */
  readonly name?: string;
  /** Above the SSM parameters: `<path>/key` and `<path>/env/<NAME>`; `/ringback` unless set. */
  readonly parameterPath?: string;
  /** The KMS key of these parameters, where it isn't the account's own for SSM. */
  readonly parameterKey?: IKey;
  /** The address that callers use, where it isn't the API's own; without a path. */
  readonly publicUrl?: string;
  /** SHA-256 of each bearer token that the API accepts, in hexadecimal. Without one the API admits nobody. */
  readonly tokenSha256?: readonly string[];
  /** How long logs are kept; a month unless set. */
  readonly logRetention?: RetentionDays;
  /** A line for each request, kept as long as the other logs; none unless set. */
  readonly accessLogs?: boolean;
  /** Traces by X-Ray; none unless set. */
  readonly tracing?: boolean;
  /** What becomes of the table when the stack is deleted: RETAIN unless set, and then it can't be deleted at all. */
  readonly removalPolicy?: RemovalPolicy;
  /** False for none; a topic is told of each. There are 11, $0.10 a month each but for an account's first ten. */
  readonly alarms?: boolean;
  readonly alarmTopic?: ITopic;
  /** Eight alarms more, to tell which function is throttled, and that relay or deliver fails; none unless set. */
  readonly functionAlarms?: boolean;
  /** Batches of one shard of the stream that are relayed at once, 1 to 10; 2 unless set. */
  readonly relayParallelism?: number;
  /** Batches of up to ten messages that are handled at once, at least 2; as many as the account has where absent. */
  readonly deliverConcurrency?: number;
  /**
   * Partitions of the timers and of each list: each takes 1,000 writes a second. 8 unless set, 1 to 64. It may grow;
   * made smaller, what is in the partitions that are left out is not seen any more.
   */
  readonly shards?: number;
  /** More environment variables, for every function. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class Ringback extends Construct {
  readonly plan: Plan;
  readonly table: Table;
  readonly queues: Queues;
  readonly functions: Functions;
  readonly api: HttpApi;
  /** The address that callers use. */
  readonly url: string;
  /** SSM parameters without which the functions don't start, and what reads each; `checkParameters` asks for them. */
  readonly required: readonly Required[];
  /** Their names. */
  readonly requiredParameters: readonly string[];
  private readonly granted: Granted;

  /** @throws Error, in words, for what AWS would refuse: names, numbers, binaries, a plan that is stale. */
  constructor(scope: Construct, id: string, props: RingbackProps) {
    super(scope, id);
    const name = props.name ?? 'ringback';
    const parameterPath = pathOf(props.parameterPath ?? '/ringback');
    const relayParallelism = between('relayParallelism', props.relayParallelism ?? 2, 1, 10);
    const wanted = props.deliverConcurrency;
    const deliverConcurrency = wanted === undefined ? wanted : between('deliverConcurrency', wanted, 2, 1000);
    const shards = between('shards', props.shards ?? 8, 1, 64);
    const tokenSha256 = (props.tokenSha256 ?? []).map(digest);
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;

    this.plan = readPlan(props.configPath, props.planPath, props.emulator ?? process.env['RINGBACK_EMULATOR']);
    this.required = required(this.plan, parameterPath, Object.keys(props.environment ?? {}));
    this.requiredParameters = this.required.map((one) => one.name);
    const environment = this.plan.environment.map((variable) => variable.name);
    this.table = table(this, props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.queues = queues(this);
    this.api = api(this, name, props.accessLogs ? logRetention : undefined);
    this.url = props.publicUrl?.replace(/\/$/, '') ?? this.api.apiEndpoint;
    this.granted = {
      table: this.table,
      queues: this.queues,
      parameters: { path: parameterPath, environment },
      parameterKey: props.parameterKey,
      invoked: invoked(this, this.plan),
    };
    this.functions = functions(this, {
      ...this.granted,
      name,
      configPath: props.configPath,
      binaries: props.binaries,
      architecture: props.architecture ?? Architecture.ARM_64,
      publicUrl: this.url,
      tokenSha256,
      shards,
      logRetention,
      maxConcurrent: this.plan.max_concurrent,
      tracing: props.tracing ?? false,
      environment: props.environment ?? {},
    });
    addRoutes(this, this.api, this.functions, routes(this.plan));
    mappings(this, this.functions, this.table, this.queues, { relayParallelism, deliverConcurrency });
    schedule(this, this.functions);
    if (props.alarms ?? true) {
      const watch = { name, topic: props.alarmTopic, functions: props.functionAlarms ?? false };
      alarms(this, this.functions, this.table, this.queues, this.api, watch);
    }
  }

  /** Allows a replica, `emulator up --aws`, what it does. */
  grantReplica(grantee: IGrantable): Grant {
    return grantReplica(grantee, this.granted);
  }

  /** Allows a worker, `emulator work`, what it does. */
  grantWorker(grantee: IGrantable, rights?: WorkerRights): Grant {
    return grantWorker(grantee, this.granted, rights);
  }
}

function between(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`\`${name}\` is ${value}, and must be a whole number from ${least} to ${most}`);
  }
  return value;
}

/** Parameters have at most 15 levels of letters, digits and `.-_`
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html). */
function pathOf(path: string): string {
  if (!/^(\/[A-Za-z0-9_.-]+){1,10}$/.test(path) || /^\/(aws|ssm)/i.test(path)) {
    throw new Error(`\`parameterPath\` is ${path}, and must be like /ringback, and not begin with /aws or /ssm`);
  }
  return path;
}

function digest(text: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) {
    throw new Error(
      'each of `tokenSha256` must be the SHA-256 of a token: 64 hexadecimal digits, not the token itself',
    );
  }
  return text.toLowerCase();
}
