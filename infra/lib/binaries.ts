/**
 * A function's package: the `bootstrap` that cargo lambda built, and `ringback.yml` beside it, where it looks for it.
 * So a version of a function holds its file, and going back to it brings both.
 */
import { DockerImage, AssetHashType } from 'aws-cdk-lib';
import { Architecture, Code } from 'aws-cdk-lib/aws-lambda';
import { closeSync, copyFileSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** `e_machine` of ELF, at byte 18 (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html). */
const MACHINES = [
  { architecture: Architecture.ARM_64, machine: 183 },
  { architecture: Architecture.X86_64, machine: 62 },
];

/**
 * @param binaries the folder that has `<name>/bootstrap` for each function.
 * @throws Error, in words, if the binary isn't there or is for another machine.
 */
export function packaged(name: string, binaries: string, configPath: string, architecture: Architecture): Code {
  const folder = join(binaries, name);
  const bootstrap = join(folder, 'bootstrap');
  const flag = architecture === Architecture.ARM_64 ? '--arm64' : '--x86-64';
  if (!existsSync(bootstrap)) {
    throw new Error(`there is no ${bootstrap}: build it with \`cargo lambda build --profile function ${flag}\``);
  }
  const found = architectureOf(bootstrap);
  if (found !== architecture) {
    const what = found ? `for ${found.name}` : 'no program for Linux';
    throw new Error(
      `${bootstrap} is ${what}, and wanted is ${architecture.name}: \`cargo lambda build --profile function ${flag}\``,
    );
  }
  return Code.fromAsset(folder, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never used: the files are copied here.
      image: DockerImage.fromRegistry('scratch'),
      local: {
        tryBundle(output: string): boolean {
          copyFileSync(bootstrap, join(output, 'bootstrap'));
          copyFileSync(configPath, join(output, 'ringback.yml'));
          return true;
        },
      },
    },
  });
}

function architectureOf(path: string): Architecture | undefined {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  const isElf = header.subarray(0, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
  return isElf ? MACHINES.find(({ machine }) => machine === header.readUInt16LE(18))?.architecture : undefined;
}
