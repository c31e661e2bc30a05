-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- No function becomes bytecode.

return {
  run = function()
    return #string.dump(function() end)
  end,
}
