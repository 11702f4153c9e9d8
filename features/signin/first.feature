Feature: The first sign-in of the day
  A till earns the right to take money by signing in: it gets its working keys, its batch and the time from its host.

  Background:
    Given till "T1" of "Noodle House" has not signed in

  @SIG-001
  Scenario: The cashier signs in and the first sale goes through
    Given the cashier has tried to sign in at "T1"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" is signed in
    And Bob's card holds 4990.00 CNY

  @SIG-001
  Scenario: The sign-in says who the till is and brings its keys
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in
    And these messages went over the wire
      | from | message        | trace | code | terminal | merchant        | batch  | mac |
      | T1   | sign-in        | 1     |      | 10000001 | 898320548160001 | 000001 |     |
      | host | sign-in answer | 1     | 00   | 10000001 | 898320548160001 | 000001 |     |
    And the answer to the 1st sign-in carries
      | field | value |
      | keys  | *     |

  @SIG-001 @unionpay
  Scenario: The sign-in names its serial number and the keys it wants
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And these messages went over the wire
      | from | message        | F60.1 | F60.2  | F60.3 | F62 |
      | T1   | sign-in        | 00    | 000001 | 003   | *   |
      | host | sign-in answer | 00    | 000001 | 003   | *   |

  @SIG-002 @host-control
  Scenario: The till takes over the batch that its host has open
    Given the host has opened batch "000007" for "T1"
    And the cashier has tried to sign in at "T1"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" works in batch "000007"
    And the 1st sale carries
      | field | value  |
      | batch | 000007 |

  @SIG-003
  Scenario: The till sets its clock by its host
    Given the clock of "T1" is 7 hours slow
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And the clock of "T1" agrees with the host
