-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A comparator that contradicts itself.

return {
  run = function()
    local t = {}
    for i = 1, 1000 do t[i] = i % 7 end
    table.sort(t, function() return true end)
    return 1
  end,
}
