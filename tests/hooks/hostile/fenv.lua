-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- The environment by its old name.

return {
  run = function()
    return getfenv(0).io
  end,
}
