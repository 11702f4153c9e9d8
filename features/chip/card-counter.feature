Feature: A chip's transaction counter
  The counter makes every cryptogram the only one of its kind; one that stands still lets a recorded payment be made again.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CRD-006 @host-control
  Scenario: The counter moves with every payment
    Given Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag  | value |
      | 9F36 | 0001  |
    And the chip data of the 2nd sale say
      | tag  | value |
      | 9F36 | 0002  |
    And Carol's card holds 970.00 CNY

  @CRD-006 @host-control
  Scenario: It moves with a payment that came to nothing too
    Given Carol takes her card away at the 1st "GENERATE AC"
    And Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag  | value |
      | 9F36 | 0002  |

  @CRD-007 @host-control
  Scenario: A counter that is used up makes no more payments
    Given Carol's chip has paid 65535 times before
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_NOT_TAKEN
    And Carol's chip answered "GET PROCESSING OPTIONS" with "6985"
    And no message went to the host

  @CRD-008 @host-control
  Scenario: The chip keeps a log of what was paid, and not of what was declined
    Given Carol's debit card holds 1000.00 CNY
    And Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 2000.00 CNY at "T1"
    Then "T1" shows INSUFFICIENT_FUNDS
    And Carol's chip has logged 1 payment

  @CRD-024 @host-control
  Scenario: A chip that may approve by itself asks its issuer when it is told to
    When Nina inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag  | value |
      | 9F27 | 80    |
    And Nina's chip was given "GENERATE AC" 2 times
    And Nina's card holds 1990.00 CNY
