-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Counts to the largest number.

return {
  run = function()
    local n = 0
    for i = 1, math.maxinteger do n = i end
    return n
  end,
}
