/**
 * What people and scripts must know of a deployment, as outputs of its stack.
 */
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Ringback } from './ringback.ts';

export function outputs(stack: Stack, { url, table, queues, requiredParameters }: Ringback): void {
  const output = (id: string, value: string, description: string) => new CfnOutput(stack, id, { value, description });
  output('Url', url, 'Where callers send requests');
  output('TableName', table.tableName, 'The table');
  output('CallsQueue', queues.calls.queue.queueUrl, 'Work of deliver');
  output('CallsDeadLetters', queues.calls.deadLetters.queueUrl, 'Messages that deliver could not process');
  output('ProgramsQueue', queues.programs.queue.queueUrl, 'Programs for workers');
  output('ProgramsDeadLetters', queues.programs.deadLetters.queueUrl, 'Messages that no worker could process');
  const described = 'SSM parameters without which functions do not start';
  output('RequiredParameters', requiredParameters.join(' '), described);
}
