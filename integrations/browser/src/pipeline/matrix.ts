/** Small matrices, as arrays of rows. */

/** An array of rows. */
export type Matrix = number[][];

/** Make a matrix from a function of row and column. */
export function matrix(
  rows: number,
  columns: number,
  value: (row: number, column: number) => number,
): Matrix {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => value(row, column)),
  );
}

/** Return the product of a matrix's transpose with another matrix of as many rows. */
export function transposedTimes(left: Matrix, right: Matrix): Matrix {
  return matrix(left[0]!.length, right[0]!.length, (row, column) =>
    left.reduce((sum, line, index) => sum + line[row]! * right[index]![column]!, 0),
  );
}

/** Return the x for which `square` times x is `wanted`, by elimination with pivots. */
export function solve(square: Matrix, wanted: Matrix): Matrix {
  const size = square.length;
  const rows = square.map((line, row) => [...line, ...wanted[row]!]);
  for (let pivot = 0; pivot < size; pivot++) {
    let best = pivot;
    for (let row = pivot + 1; row < size; row++) {
      if (Math.abs(rows[row]![pivot]!) > Math.abs(rows[best]![pivot]!)) best = row;
    }
    [rows[pivot], rows[best]] = [rows[best]!, rows[pivot]!];
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = rows[row]![pivot]! / rows[pivot]![pivot]!;
      rows[row] = rows[row]!.map((value, column) => value - factor * rows[pivot]![column]!);
    }
  }
  return rows.map((line, row) => line.slice(size).map((value) => value / line[row]!));
}
