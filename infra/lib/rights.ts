/**
 * What each function may do, and nothing more: the actions that its code makes (shared/platform/src/store, queue.rs,
 * lambda/parameters.rs, functions.rs), on exactly the resources that it makes them on.
 */
import { Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { INDEX } from './table.ts';
import type { Queues } from './queues.ts';

export type FunctionName = 'trigger' | 'callback' | 'api' | 'relay' | 'deliver' | 'sweep';

interface Rights {
  /** On items of the table. */
  readonly table: readonly string[];
  /** It asks the list index. */
  readonly lists?: true;
  /** It is called with records of the stream. */
  readonly stream?: true;
  readonly sends?: true;
  readonly receives?: true;
  /** It opens or seals secrets. */
  readonly keys?: true;
  /** It renders templates, which may read `${env.X}`. */
  readonly environment?: true;
  /** It invokes the functions that programs of the file are. */
  readonly invokes?: true;
}

export const RIGHTS: Readonly<Record<FunctionName, Rights>> = {
  // Stores runs, counts requests of a source, reads the sources that the API configured, and remembers secrets.
  trigger: { table: ['PutItem', 'Query', 'UpdateItem'], keys: true, environment: true },
  // Writes its half of a wait. Who may call back can be a source that the API configured, and its secret one to remember.
  callback: { table: ['PutItem', 'Query', 'UpdateItem'], keys: true, environment: true },
  api: {
    table: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
    lists: true,
    keys: true,
    environment: true,
  },
  // Asks who subscribes, and sends messages.
  relay: { table: ['Query'], stream: true, sends: true },
  // Runs, waits, timers, deliveries; a recovery goes through the list of deliveries.
  deliver: {
    table: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
    lists: true,
    receives: true,
    keys: true,
    environment: true,
    invokes: true,
  },
  // Reads timers, the cursor and what deadlines are about, and makes items owe what is due.
  sweep: { table: ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem'] },
};

/** The one right that is given on everything, and why. */
export const ON_EVERYTHING = {
  id: 'AwsSolutions-IAM5[Resource::*]',
  action: 'dynamodb:ListStreams',
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
  reason: 'ListStreams knows no resource but *, and a mapping of a stream is refused without it.',
};

/** Where the secrets are. */
export interface Parameters {
  /** Above all parameters, such as `/ringback`. */
  readonly path: string;
  /** Names of the variables that the file reads. */
  readonly environment: readonly string[];
}

export const keyParameter = (path: string) => `${path}/key`;
export const environmentPath = (path: string) => `${path}/env`;

/** The ARNs of parameters, in the account and region of the scope. */
export function parameterArns(scope: Construct, names: readonly string[]): string[] {
  const resource = (name: string) => ({ service: 'ssm', resource: 'parameter', resourceName: name.replace(/^\//, '') });
  return names.map((name) => Stack.of(scope).formatArn(resource(name)));
}

export function statements(
  name: FunctionName,
  table: Table,
  queues: Queues,
  parameters: Parameters,
  invoked: readonly string[],
): PolicyStatement[] {
  const rights = RIGHTS[name];
  const allow = (service: string, actions: readonly string[], resources: string[]) =>
    new PolicyStatement({ actions: actions.map((action) => `${service}:${action}`), resources });
  const made = [allow('dynamodb', rights.table, [table.tableArn])];
  if (rights.lists) {
    made.push(allow('dynamodb', ['Query'], [`${table.tableArn}/index/${INDEX}`]));
  }
  if (rights.stream && table.tableStreamArn) {
    // https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-create.html
    made.push(allow('dynamodb', ['DescribeStream', 'GetRecords', 'GetShardIterator'], [table.tableStreamArn]));
    made.push(allow('dynamodb', ['ListStreams'], ['*']));
  }
  if (rights.sends) {
    // SendMessageBatch is this right too.
    made.push(allow('sqs', ['SendMessage'], [queues.calls.queue.queueArn, queues.programs.queue.queueArn]));
  }
  if (rights.receives) {
    // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    // The last of them is deliver's own, for what it could not process.
    const actions = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', 'ChangeMessageVisibility'];
    made.push(allow('sqs', actions, [queues.calls.queue.queueArn]));
  }
  if (rights.invokes && invoked.length > 0) {
    made.push(allow('lambda', ['InvokeFunction'], [...invoked]));
  }
  const names = [
    ...(rights.keys ? [keyParameter(parameters.path)] : []),
    ...(rights.environment ? parameters.environment.map((name) => `${environmentPath(parameters.path)}/${name}`) : []),
  ];
  if (names.length > 0) {
    made.push(allow('ssm', ['GetParameters'], parameterArns(table, names)));
  }
  return made;
}
