// Labels as they come from the printer: tube `T` + 9 digits + Luhn digit, box `B` + 8 digits + Luhn digit.
export function luhn(digits) {
  let sum = 0
  ;[...digits].reverse().forEach((digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1)
    sum += Math.floor(value / 10) + (value % 10)
  })
  return String((10 - (sum % 10)) % 10)
}
const label = (prefix, width, serial) => {
  const digits = String(serial).padStart(width, '0')
  return `${prefix}${digits}${luhn(digits)}`
}
export const tube = (serial) => label('T', 9, serial)
export const box = (serial) => label('B', 8, serial)
