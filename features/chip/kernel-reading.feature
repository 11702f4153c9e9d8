Feature: What a till reads of a chip
  Selection, processing options and records: a till pays with what the card says rightly, and leaves the rest alone.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @KRN-001 @host-control
  Scenario: A chip that says its expiry date twice is not paid with
    Given Carol's chip repeats "5F24" at "READ RECORD"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-002 @host-control
  Scenario: A chip that does not say what its last cryptogram is over is not paid with
    Given Carol's chip holds
      | tag | value |
      | 8D  |       |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-002 @host-control
  Scenario: A chip that does not say when it expires is not paid with
    Given Carol's chip holds
      | tag  | value |
      | 5F24 |       |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-003 @host-control
  Scenario: The second application pays when the first one does not want to
    Given Carol's card is of kind "unionpay-two"
    And Carol's chip answers the 1st "GET PROCESSING OPTIONS" with "6985"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "GET PROCESSING OPTIONS" 2 times
    And Carol's card holds 990.00 CNY

  @KRN-004 @host-control
  Scenario: A card that is for cash machines only buys nothing
    Given Carol's chip holds
      | tag  | value |
      | 9F07 | C200  |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And the terminal verification results at "T1" say "offline data authentication not performed; service not allowed for this card; online PIN entered; amount over the floor limit"
    And Carol's card holds 1000.00 CNY

  @KRN-004 @host-control
  Scenario: The issuer hears that the application has expired
    Given Carol's chip holds
      | tag  | value  |
      | 5F24 | 251231 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "application expired; online PIN entered; amount over the floor limit"

  @KRN-004 @host-control
  Scenario: The issuer hears that the application is not yet good, and of another version
    Given Carol's chip holds
      | tag  | value  |
      | 5F25 | 290101 |
      | 9F08 | 0096   |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "application versions differ; application not yet effective; online PIN entered; amount over the floor limit"

  @KRN-033 @host-control
  Scenario: A card without a directory is found by its applications' names
    Given Carol's card is of kind "unionpay-old"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's card holds 990.00 CNY

  @KRN-034 @host-control
  Scenario: A longer name is taken where the acquirer has agreed on its beginning
    Given the chip parameters of "T1" say
      | tag  | value      |
      | 9F06 | A000000333 |
      | DF01 | 00         |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's card holds 990.00 CNY

  @KRN-034 @host-control
  Scenario: A longer name is not taken where the acquirer has agreed on just this one
    Given the chip parameters of "T1" say
      | tag  | value      |
      | 9F06 | A000000333 |
      | DF01 | 01         |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_NOT_TAKEN
    And Carol's card holds 1000.00 CNY

  @KRN-035 @host-control
  Scenario: The application that the issuer likes best stands first in the menu
    Given Carol's card is of kind "unionpay-two"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CHOOSE_APPLICATION
    And "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag | value            |
      | 84  | A000000333010102 |

  @KRN-036 @host-control
  Scenario: An application that wants its holder's word gets it
    Given Carol's chip holds
      | tag | value |
      | 87  | 81    |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CHOOSE_APPLICATION
    And "T1" shows APPROVED

  @KRN-037 @host-control
  Scenario: What a T=0 card keeps is fetched, and its lengths are obeyed
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "READ RECORD 1 of file 2" 1 time
    And Carol's card holds 990.00 CNY

  @KRN-038 @host-control
  Scenario: A card cannot say what it is asked to pay
    Given Carol's chip also says "9F02" is "000000000001" at "READ RECORD 1 of file 1"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag  | value        |
      | 9F02 | 000000001000 |
    And Carol's card holds 990.00 CNY

  @KRN-038 @host-control
  Scenario: A card cannot say how it was judged
    Given Carol's chip also says "95" is "0000000000" at "READ RECORD 1 of file 1"
    And Carol's chip spoils "9F07" at "READ RECORD"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "CDA failed; online PIN entered; amount over the floor limit"

  @KRN-055 @host-control
  Scenario: A blocked application is passed over
    Given Carol's card is of kind "unionpay-blocked"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag | value            |
      | 84  | A000000333010102 |

  @KRN-056 @host-control
  Scenario: A card that was pulled out is not a broken one
    Given Carol takes her card away at the 1st "READ RECORD 1 of file 2"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_REMOVED
    And "T1" does not show INSERT_AGAIN
    And Carol's card holds 1000.00 CNY

  @KRN-057 @host-control
  Scenario: A chip whose values have no right length is not paid with
    Given Carol's chip holds
      | tag  | value  |
      | 9F07 | FF0000 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-004 @host-control
  Scenario: A card that is for home only buys nothing abroad
    Given Carol's chip holds
      | tag  | value |
      | 5F28 | 0840  |
      | 9F07 | EB00  |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And the terminal verification results at "T1" say "offline data authentication not performed; service not allowed for this card; online PIN entered; amount over the floor limit"

  @KRN-059 @host-control
  Scenario: A blocked card is asked nothing more
    Given Carol's bank has the chip block itself
    When Carol inserts her card for 10.00 CNY at "T1"
    And Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" shows CARD_BLOCKED
    And Carol's card holds 990.00 CNY

  @KRN-060 @host-control
  Scenario: A card that wants to know where it is is told
    Given Carol's card is of kind "mastercard-credit"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's card holds 990.00 CNY

  @KRN-061 @host-control
  Scenario: A card whose records are not all there is not paid with
    Given Carol's chip answers the 1st "READ RECORD 1 of file 4" with "6A83"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times

  @KRN-061 @host-control
  Scenario: A card whose record breaks off is not paid with
    Given Carol's chip lacks "70" at "READ RECORD 1 of file 4"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSERT_AGAIN
    And Carol's chip was given "GENERATE AC" 0 times
