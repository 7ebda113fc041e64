import * as vscode from 'vscode';
import { type Sample, sampleOf } from './sampleIndex.ts';

/** `Shadowstep: Open Sample…`: copies a sample to where the person may change it, and opens its source. */
export function sampleCommand(context: vscode.ExtensionContext): vscode.Disposable {
  const samples = vscode.Uri.joinPath(context.extensionUri, 'extension', 'samples');
  return vscode.commands.registerCommand('shadowstep.openSample', async (name?: string) => {
    const found = await readSamples(samples);
    const sample = typeof name === 'string' ? found.find((one) => one.folder === name) : await pickSample(found);
    if (!sample) {
      if (typeof name === 'string') await vscode.window.showErrorMessage(`Shadowstep has no sample named "${name}".`);
      return;
    }
    const target = await pickTarget(context, sample);
    if (!target) return;
    await copyMissing(vscode.Uri.joinPath(samples, sample.folder), target);
    await vscode.window.showTextDocument(vscode.Uri.joinPath(target, sample.source));
  });
}

async function readSamples(folder: vscode.Uri): Promise<Sample[]> {
  const found: Sample[] = [];
  for (const [name, type] of await vscode.workspace.fs.readDirectory(folder)) {
    if (type !== vscode.FileType.Directory) continue;
    const files = (await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(folder, name))).map(([file]) => file);
    const sample = await sampleOf(name, files, async (file) =>
      new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, name, file))),
    );
    if (sample) found.push(sample);
  }
  return found;
}

async function pickSample(samples: readonly Sample[]): Promise<Sample | undefined> {
  const picked = await vscode.window.showQuickPick(
    samples.map((sample) => ({ label: sample.folder, description: sample.title, detail: sample.summary, sample })),
    {
      title: 'Open a Shadowstep sample',
      placeHolder: 'What do you want to see?',
      matchOnDescription: true,
      matchOnDetail: true,
    },
  );
  return picked?.sample;
}

/** Into the open workspace, or, with none open, where the extension keeps scratch copies; or wherever the person says. */
async function pickTarget(context: vscode.ExtensionContext, sample: Sample): Promise<vscode.Uri | undefined> {
  const workspace = vscode.workspace.workspaceFolders?.[0];
  const here = workspace
    ? { label: `$(folder) Into ${workspace.name}`, detail: `${workspace.name}/${sample.folder}`, parent: workspace.uri }
    : {
        label: '$(beaker) Scratch copy',
        detail: 'Kept by the extension; your changes stay.',
        parent: vscode.Uri.joinPath(context.globalStorageUri, 'samples'),
      };
  const elsewhere = {
    label: '$(folder-opened) Choose a folder…',
    detail: 'Copies the sample there.',
    parent: undefined,
  };
  const picked = await vscode.window.showQuickPick([here, elsewhere], {
    title: `Where should ${sample.folder} go?`,
    placeHolder: 'The sample is copied, so you can change it.',
  });
  if (!picked) return undefined;
  const parent =
    picked.parent ??
    (
      await vscode.window.showOpenDialog({
        canSelectFiles: false,
        canSelectFolders: true,
        openLabel: 'Copy the sample here',
      })
    )?.[0];
  return parent && vscode.Uri.joinPath(parent, sample.folder);
}

/** Copies a sample's files, leaving alone those that are there already: they may hold the person's changes. */
async function copyMissing(from: vscode.Uri, to: vscode.Uri): Promise<void> {
  await vscode.workspace.fs.createDirectory(to);
  for (const [name, type] of await vscode.workspace.fs.readDirectory(from)) {
    const [source, target] = [vscode.Uri.joinPath(from, name), vscode.Uri.joinPath(to, name)];
    if (type === vscode.FileType.Directory) {
      await copyMissing(source, target);
      continue;
    }
    const isThere = await vscode.workspace.fs.stat(target).then(
      () => true,
      () => false,
    );
    if (!isThere) await vscode.workspace.fs.writeFile(target, await vscode.workspace.fs.readFile(source));
  }
}
