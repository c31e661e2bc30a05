-- SPDX-License-Identifier: Apache-2.0
-- ends: value 1
-- __gc put in after setmetatable is never called.

return {
  run = function()
    local m, n = {}, 0
    for i = 1, 100 do
      setmetatable({}, m)
    end
    m.__gc = function() while true do end end
    for i = 1, 20000 do n = n + #tostring({}) end
    return 1
  end,
}
