/**
 * What somebody must look at. docs/operations.md says what each means and what to do.
 */
import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, ComparisonOperator, type IMetric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Function } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { type Functions, NAMES } from './functions.ts';
import { MAX_PROGRAM_RECEIVES, MAX_RECEIVE_COUNT, type Queues } from './queues.ts';

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
  /** One more for each function that is throttled, and for errors of relay and of deliver: they tell which. */
  readonly functions: boolean;
}

/** All that is watched: one metric each, for an alarm is paid for by its metrics (https://aws.amazon.com/cloudwatch/pricing/). */
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
      name: 'programs-waiting',
      says: 'For 15 minutes there was always a program that no worker had taken.',
      // Their age would be that of messages in a worker's hands too, and a program may run for long.
      metric: queues.programs.queue.metricApproximateNumberOfMessagesVisible({
        period: PERIOD,
        statistic: Stats.MINIMUM,
      }),
      threshold: 1,
      periods: 3,
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
      says: "The account's functions, ours or others, were called more often than its concurrency lets them run.",
      // One number for all, as the concurrency is: a sum of six would be paid for as six.
      metric: Function.metricAllThrottles(sum),
      threshold: 1,
      periods: 2,
    },
    ...(['relay', 'deliver'] as const).map((name): Watched => ({
      name: `errors-${name}`,
      says: `${name} did not start, crashed, or ran out of time: what it had comes again.`,
      metric: functions[name].metricErrors(sum),
      threshold: 1,
      periods: 2,
      extra: true,
    })),
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
  const wanted = watched(functions, table, queues, api).filter((watched) => props.functions || !watched.extra);
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
