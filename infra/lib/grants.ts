/**
 * What `emulator up --aws` and `emulator work` may do, wherever they run: the actions that their code makes
 * (emulator/instance/src/cloud, emulator/worker), on exactly the resources that it makes them on.
 */
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queues } from './queues.ts';
import { environmentPath, keyParameter, parameterArns, type Parameters, RIGHTS } from './rights.ts';
import { INDEX } from './table.ts';

/** What there is to be granted. */
export interface Granted {
  readonly table: Table;
  readonly queues: Queues;
  readonly parameters: Parameters;
  /** The key of the parameters, where it isn't the account's own for SSM. */
  readonly parameterKey?: IKey | undefined;
  /** ARNs of the functions that programs of the file are. */
  readonly invoked: readonly string[];
}

export interface WorkerRights {
  /** It runs programs that the API put on top of the file too: `--allow-runtime-programs`. */
  readonly runtimePrograms?: boolean;
  /** It opens secrets: programs whose input has texts under secret names, or an environment that the API has taken, need it. */
  readonly opensSecrets?: boolean;
}

/** All that the functions do, and what Lambda does for them: it reads the stream, and takes and keeps messages. */
export function grantReplica(grantee: IGrantable, granted: Granted): Grant {
  const { table, queues, parameters } = granted;
  const functions = Object.values(RIGHTS).flatMap((rights) => rights.table);
  const environment = parameters.environment.map((name) => `${environmentPath(parameters.path)}/${name}`);
  granted.parameterKey?.grantDecrypt(grantee);
  return allow(grantee, [
    ['dynamodb', [...new Set([...functions, 'DescribeTable'])], [table.tableArn]],
    ['dynamodb', ['Query'], [`${table.tableArn}/index/${INDEX}`]],
    [
      'dynamodb',
      ['DescribeStream', 'GetShardIterator', 'GetRecords'],
      table.tableStreamArn ? [table.tableStreamArn] : [],
    ],
    [
      'sqs',
      ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'],
      [queues.calls.queue.queueArn, queues.programs.queue.queueArn],
    ],
    ['ssm', ['GetParameters'], parameterArns(table, [keyParameter(parameters.path), ...environment])],
    ['lambda', ['InvokeFunction'], granted.invoked],
  ]);
}

/** It takes messages about programs, and claims and tells of them in the table. Its programs' secrets are its machine's. */
export function grantWorker(grantee: IGrantable, granted: Granted, rights: WorkerRights = {}): Grant {
  const { table, queues, parameters } = granted;
  if (rights.opensSecrets) {
    granted.parameterKey?.grantDecrypt(grantee);
  }
  const key = rights.opensSecrets ? parameterArns(table, [keyParameter(parameters.path)]) : [];
  const layered = rights.runtimePrograms ? ['Query'] : [];
  return allow(grantee, [
    ['dynamodb', ['GetItem', 'UpdateItem', ...layered], [table.tableArn]],
    ['sqs', ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'], [queues.programs.queue.queueArn]],
    ['ssm', ['GetParameters'], key],
  ]);
}

function allow(grantee: IGrantable, all: readonly (readonly [string, readonly string[], readonly string[]])[]): Grant {
  const grants = all
    .filter(([, , resources]) => resources.length > 0)
    .map(([service, actions, resources]) =>
      Grant.addToPrincipal({
        grantee,
        actions: actions.map((action) => `${service}:${action}`),
        resourceArns: [...resources],
      }),
    );
  return grants.reduce((one, other) => one.combine(other));
}
