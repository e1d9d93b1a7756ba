/**
 * The queues: work that is owed, and what our own code could not process.
 */
import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** How long a message is hidden while it is being handled: as long as `deliver` may run. One that failed comes again sooner. */
export const VISIBILITY = Duration.minutes(15);
/** After so many tries a message is a dead letter; the emulator has the same. */
export const MAX_RECEIVE_COUNT = 20;
/** The same for programs: a worker that is full, or runs other programs only, gives a message back. */
export const MAX_PROGRAM_RECEIVES = 1000;
/** The longest that SQS keeps a message
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html). */
const KEPT = Duration.days(14);

export interface WorkQueue {
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

export interface Queues {
  /** HTTP calls and all other work of `deliver`. */
  readonly calls: WorkQueue;
  /** Programs, which workers on machines of the user's own take from it: no function does. */
  readonly programs: WorkQueue;
}

export function queues(scope: Construct): Queues {
  return {
    calls: workQueue(scope, 'Calls', MAX_RECEIVE_COUNT),
    programs: workQueue(scope, 'Programs', MAX_PROGRAM_RECEIVES),
  };
}

function workQueue(scope: Construct, id: string, maxReceiveCount: number): WorkQueue {
  const both = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: KEPT };
  const deadLetters = new Queue(scope, `${id}DeadLetters`, both);
  const queue = new Queue(scope, id, {
    ...both,
    visibilityTimeout: VISIBILITY,
    deadLetterQueue: { queue: deadLetters, maxReceiveCount },
  });
  return { queue, deadLetters };
}
