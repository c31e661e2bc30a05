-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Changes the table that it walks.

return {
  run = function()
    local t = { 1 }
    for k in pairs(t) do
      for i = 1, 100 do t[k .. i] = 1 end
      t[k] = nil
    end
    local n = 0
    for k in pairs(t) do n = n + 1 t[k .. "x"] = n t[k] = nil end
    return n
  end,
}
