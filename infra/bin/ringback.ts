/**
 * The app: one stack with one Ringback. Settings are context, as in `cdk deploy -c config=../ringback.yml`.
 */
import { App, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import { resolve } from 'node:path';
import { outputs } from '../lib/outputs.ts';
import { checkParameters, Ringback } from '../lib/ringback.ts';

const app = new App();
const setting = (name: string): string | undefined => app.node.tryGetContext(name) as string | undefined;
const yes = (name: string) => ['true', 'yes', '1', true].includes(setting(name) ?? '');

const architectures: Record<string, Architecture> = { arm64: Architecture.ARM_64, 'x86-64': Architecture.X86_64 };
const architecture = architectures[setting('architecture') ?? 'arm64'];
if (!architecture) {
  throw new Error(`the architecture is ${Object.keys(architectures).join(' or ')}`);
}

const name = setting('name') ?? 'ringback';
const optional = <K extends string>(key: K, value: string | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };
const optionalNumber = <K extends string>(key: K) =>
  (setting(key) === undefined ? {} : { [key]: Number(setting(key)) }) as { [P in K]?: number };
const endpoint = setting('endpoint');

const stack = new Stack(app, setting('stack') ?? name, {
  description: 'Ringback: a webhook gateway',
  env: {
    ...optional('account', process.env['CDK_DEFAULT_ACCOUNT']),
    ...optional('region', process.env['CDK_DEFAULT_REGION']),
  },
});
const topic = setting('alarmTopic');
if (topic !== undefined && !/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/.test(topic)) {
  throw new Error(`\`alarmTopic\` is ${topic}, and must be the ARN of an SNS topic`);
}
const ringback = new Ringback(stack, 'Ringback', {
  name,
  configPath: resolve(setting('config') ?? '../ringback.yml'),
  ...optional('planPath', setting('plan')),
  binaries: resolve(setting('binaries') ?? '../target/lambda'),
  architecture,
  ...optional('parameterPath', setting('parameters')),
  ...optional('publicUrl', setting('url')),
  tokenSha256: setting('tokenSha256')?.split(',') ?? [],
  ...optionalNumber('shards'),
  ...optionalNumber('relayParallelism'),
  ...optionalNumber('deliverConcurrency'),
  accessLogs: yes('accessLogs'),
  tracing: yes('tracing'),
  alarms: setting('alarms') !== 'false',
  ...(topic === undefined ? {} : { alarmTopic: Topic.fromTopicArn(stack, 'AlarmTopic', topic) }),
  functionAlarms: yes('functionAlarms'),
  removalPolicy: yes('throwAway') ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
  // An AWS that isn't Amazon's, for tests.
  environment: endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint },
});
outputs(stack, ringback);
if (setting('checkParameters') !== 'false') {
  await checkParameters(ringback);
}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
