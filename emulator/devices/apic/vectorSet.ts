/** 256 vectors as eight 32-bit registers: ISR, TMR, IRR. */
export class VectorSet {
  readonly words: number[] = new Array<number>(8).fill(0);
  private top = -1;

  has(vector: number): boolean {
    return ((this.words[vector >>> 5]! >>> (vector & 31)) & 1) !== 0;
  }

  set(vector: number, on: boolean): void {
    const word = this.words[vector >>> 5]!;
    const bit = 1 << (vector & 31);
    this.words[vector >>> 5] = on ? word | bit : word & ~bit;
    if (on) this.top = Math.max(this.top, vector);
    else if (vector === this.top) this.top = this.find();
  }

  /** The highest vector, -1 when empty. */
  highest(): number {
    return this.top;
  }

  private find(): number {
    for (let index = 7; index >= 0; index--) {
      const word = this.words[index]!;
      if (word !== 0) return index * 32 + 31 - Math.clz32(word);
    }
    return -1;
  }

  clear(): void {
    this.words.fill(0);
    this.top = -1;
  }

  load(words: readonly number[]): void {
    for (let index = 0; index < 8; index++) this.words[index] = words[index]!;
    this.top = this.find();
  }
}
