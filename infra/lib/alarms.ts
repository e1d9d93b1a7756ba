/**
 * What somebody must look at. docs/operations.md says what each means and what to do.
 */
import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { type Functions, NAMES } from './functions.ts';
import { MAX_PROGRAM_RECEIVES, MAX_RECEIVE_COUNT, type Queues } from './queues.ts';
import type { FunctionName } from './rights.ts';

const PERIOD = Duration.minutes(5);

interface Watched {
  readonly name: string;
  readonly says: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** Periods in a row. */
  readonly periods?: number;
  /** The alarm is for a number that is too small, or not there at all. */
  readonly below?: true;
  /** Only where it is asked for. */
  readonly extra?: true;
}

export interface AlarmProps {
  /** Before each alarm's name. */
  readonly name: string;
  /** Is told of each change; nobody where absent. */
  readonly topic?: ITopic | undefined;
  /** One more for each function that is throttled, beside the one for all of them: it tells which. */
  readonly throttles: boolean;
}

/** The sum of one metric of several functions; a function that did not run has no number, which counts as 0. */
function sumOf(names: readonly FunctionName[], metric: (name: FunctionName) => IMetric): MathExpression {
  return new MathExpression({
    expression: `SUM([${names.map((name) => `FILL(${name}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(names.map((name) => [name, metric(name)])),
    period: PERIOD,
  });
}

/** All that is watched. An alarm is paid for by the metrics in it (https://aws.amazon.com/cloudwatch/pricing/). */
function watched(functions: Functions, table: Table, queues: Queues, api: HttpApi): Watched[] {
  const [most, sum] = [
    { period: PERIOD, statistic: Stats.MAXIMUM },
    { period: PERIOD, statistic: Stats.SUM },
  ];
  return [
    {
      name: 'dead-letters-calls',
      says: `Messages that deliver could not process ${MAX_RECEIVE_COUNT} times.`,
      metric: queues.calls.deadLetters.metricApproximateNumberOfMessagesVisible(most),
      threshold: 1,
    },
    {
      name: 'oldest-message-calls',
      says: 'Work has waited for 15 minutes.',
      metric: queues.calls.queue.metricApproximateAgeOfOldestMessage(most),
      threshold: 15 * 60,
      periods: 2,
    },
    {
      name: 'dead-letters-programs',
      says: `Messages that workers took and did not settle ${MAX_PROGRAM_RECEIVES} times.`,
      metric: queues.programs.deadLetters.metricApproximateNumberOfMessagesVisible(most),
      threshold: 1,
    },
    {
      name: 'oldest-message-programs',
      says: 'Programs wait, and the oldest was asked for 15 minutes ago: no worker takes it.',
      // The age is that of messages in a worker's hands too, and a program may run for long: it counts while some wait.
      metric: new MathExpression({
        expression: 'IF(waiting > 0, age, 0)',
        usingMetrics: {
          waiting: queues.programs.queue.metricApproximateNumberOfMessagesVisible({
            period: PERIOD,
            statistic: Stats.MINIMUM,
          }),
          age: queues.programs.queue.metricApproximateAgeOfOldestMessage(most),
        },
        period: PERIOD,
      }),
      threshold: 15 * 60,
      periods: 2,
    },
    {
      name: 'iterator-age',
      says: 'Relay is a minute behind the table: accepted work is stored, and not begun.',
      metric: functions.relay.metric('IteratorAge', most),
      threshold: 60_000,
      periods: 2,
    },
    {
      name: 'server-errors',
      says: 'Requests were answered with 5xx: their senders must repeat them.',
      metric: api.metricServerError(sum),
      threshold: 5,
    },
    {
      name: 'throttles',
      says: 'Functions were called more often than the account or their reserved concurrency lets them run.',
      metric: sumOf(NAMES, (name) => functions[name].metricThrottles(sum)),
      threshold: 1,
      periods: 2,
    },
    {
      name: 'errors',
      says: 'relay or deliver did not start, crashed, or ran out of time: what they had comes again.',
      metric: sumOf(['relay', 'deliver'], (name) => functions[name].metricErrors(sum)),
      threshold: 1,
      periods: 2,
    },
    ...NAMES.map((name): Watched => {
      const says = `${name} was called more often than the account or its reserved concurrency lets it run.`;
      return {
        name: `throttles-${name}`,
        says,
        metric: functions[name].metricThrottles(sum),
        threshold: 1,
        periods: 2,
        extra: true,
      };
    }),
    ...['Read', 'Write'].map((kind): Watched => {
      const says = `The table refused a ${kind.toLowerCase()}: a partition, or the account, is at its limit.`;
      const metric = table.metric(`${kind}ThrottleEvents`, sum);
      return { name: `table-${kind.toLowerCase()}-throttles`, says, metric, threshold: 1, periods: 2 };
    }),
    {
      name: 'sweep-stopped',
      says: 'Nothing was swept for 15 minutes: deadlines pass unnoticed and late retries are not made.',
      metric: functions.sweep.metricInvocations(sum),
      threshold: 1,
      periods: 3,
      below: true,
    },
    {
      name: 'sweep-errors',
      says: 'Sweeps failed for 15 minutes: deadlines pass unnoticed and late retries are not made.',
      metric: functions.sweep.metricErrors(sum),
      threshold: 1,
      periods: 3,
    },
  ];
}

export function alarms(
  scope: Construct,
  functions: Functions,
  table: Table,
  queues: Queues,
  api: HttpApi,
  props: AlarmProps,
): Alarm[] {
  const wanted = watched(functions, table, queues, api).filter((watched) => props.throttles || !watched.extra);
  return wanted.map((watched) => {
    const alarm = new Alarm(scope, `Alarm ${watched.name}`, {
      alarmName: `${props.name}-${watched.name}`,
      alarmDescription: watched.says,
      metric: watched.metric,
      threshold: watched.threshold,
      evaluationPeriods: watched.periods ?? 1,
      comparisonOperator: watched.below
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: watched.below ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    if (props.topic) {
      alarm.addAlarmAction(new SnsAction(props.topic));
      alarm.addOkAction(new SnsAction(props.topic));
    }
    return alarm;
  });
}
