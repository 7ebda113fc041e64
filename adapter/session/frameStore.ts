import type { MachineApi } from '../../emulator/api.ts';
import { type Frame, readFrames } from './frames.ts';
import type { ProgramView } from './programView.ts';

/** More frames than a walk returns, inlined ones included. */
const FRAMES_OF_A_VCPU = 4096;
const VCPUS = 8;
const STOPS = 2 ** 14;
/** Ids of label rows, which mean the frame below them, begin far above those of frames. */
const LABEL_IDS = 2 ** 30;

/** The frames of every vCPU at one stop, and the ids under which a client knows them. */
export class FrameStore {
  private stop = 0;
  private readonly cache = new Map<number, Frame[]>();

  /** The ids given out so far are unknown from now on. */
  nextStop(): void {
    this.stop = (this.stop + 1) % STOPS;
    this.cache.clear();
  }

  /** Reads all frames anew when they are next asked for; their ids stay. */
  refresh(): void {
    this.cache.clear();
  }

  /** Innermost first, of the vCPU that is selected. */
  of(machine: MachineApi, program: ProgramView): Frame[] {
    const vcpu = machine.selectedVcpu;
    let frames = this.cache.get(vcpu);
    if (frames === undefined) {
      frames = readFrames(machine, program);
      this.cache.set(vcpu, frames);
    }
    return frames;
  }

  idOf(vcpu: number, index: number): number {
    return 1 + (this.stop * VCPUS + vcpu) * FRAMES_OF_A_VCPU + index;
  }

  labelIdOf(frameId: number): number {
    return frameId + LABEL_IDS;
  }

  /** Where an id points; undefined when it is not of this stop. */
  placeOf(id: number): { readonly vcpu: number; readonly index: number } | undefined {
    const number = (id > LABEL_IDS ? id - LABEL_IDS : id) - 1;
    const group = Math.floor(number / FRAMES_OF_A_VCPU);
    if (!Number.isInteger(number) || Math.floor(group / VCPUS) !== this.stop) return undefined;
    return { vcpu: group % VCPUS, index: number % FRAMES_OF_A_VCPU };
  }
}
