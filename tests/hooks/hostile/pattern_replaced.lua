-- SPDX-License-Identifier: Apache-2.0
-- ends: value 1
-- Takes find away from itself alone: the next call has its own.

return {
  run = function()
    string.find = nil
    _G.http = nil
    return 1
  end,
}
