-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A result of a million numbers.

return {
  run = function()
    local t = {}
    for i = 1, 150000 do t[i] = i end
    return t
  end,
}
